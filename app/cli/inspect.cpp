// info, pipelines, devices: what is this file, what can be asked, on what does it run.
#include "app/cli/commands.h"
#include "app/cli/recording_export.h"
#include "app/cli/recording_text.h"
#include "modules/core/devices.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace sensorium {
using nlohmann::json;
namespace {

std::string text_of(const Spacing& spacing) {
  if (!spacing.known())
    return fmt::format("unknown ({})",
                       spacing.field.empty() ? "the file does not say" : spacing.field);
  return fmt::format("{:.5g} um  ({}: {})", spacing.micrometres,
                     to_json(spacing).at("source").get<std::string>(), spacing.field);
}

void add_line(std::string& out, const std::string& name, const std::string& value) {
  out += fmt::format("{:<14}{}\n", name, value);
}

void describe_volume(std::string& out, const Volume& v) {
  add_line(out, "kind", v.modality.empty() ? "image volume" : v.modality + " volume");
  add_line(out, "size",
           fmt::format("{} x {} pixels, {} slice{}, {}{}", v.width, v.height, v.depth,
                       v.depth == 1 ? "" : "s", name_of(v.type),
                       v.channels == 1 ? "" : fmt::format(", {} channels", v.channels)));
  for (int axis = 0; axis < 3; ++axis)
    add_line(out, fmt::format("scale {}", "xyz"[axis]),
             text_of(v.spacing[static_cast<std::size_t>(axis)]));
  if (v.laterality != Laterality::Unknown)
    add_line(out, "eye", v.laterality == Laterality::Right ? "right (OD)" : "left (OS)");
  for (const Surface& s : v.surfaces) {
    const auto present =
        std::count_if(s.depth.begin(), s.depth.end(), [](float d) { return std::isfinite(d); });
    add_line(out, "layer line",
             s.depth.empty() ? fmt::format("{} ({})", s.name, s.source)
                             : fmt::format("{} ({}), {:.0f} % of the columns", s.name, s.source,
                                           100.0 * static_cast<double>(present) /
                                               static_cast<double>(s.depth.size())));
  }
  if (v.localizer)
    add_line(out, "localiser",
             fmt::format("{} x {} pixels", v.localizer->width, v.localizer->height));
}

void describe_video(std::string& out, const Video& v) {
  add_line(out, "kind", v.modality.empty() ? "video" : v.modality + " clip");
  add_line(out, "size",
           fmt::format("{} x {} pixels, {} frame{}, {} channel{}", v.width, v.height, v.frames,
                       v.frames == 1 ? "" : "s", v.channels, v.channels == 1 ? "" : "s"));
  add_line(out, "frame time",
           v.frame_time_ms ? fmt::format("{:.4g} ms ({})", *v.frame_time_ms, v.frame_time_source)
                           : "unknown");
  if (v.regions.empty())
    for (int axis = 0; axis < 2; ++axis)
      add_line(out, fmt::format("scale {}", "xy"[axis]),
               text_of(v.spacing[static_cast<std::size_t>(axis)]));
  for (const Region& r : v.regions)
    add_line(out, "region",
             fmt::format("{} [{},{} .. {},{}]  x {}  y {}", r.kind, r.x0, r.y0, r.x1, r.y1,
                         text_of(r.spacing_x), text_of(r.spacing_y)));
}

void add_cube_lines(std::string& out, const Cube& c) {
  add_line(out, "kind", "hyperspectral cube");
  add_line(out, "size",
           fmt::format("{} lines x {} samples x {} bands, {}, {}{}", c.lines, c.samples, c.bands,
                       name_of(c.type), name_of(c.interleave),
                       c.big_endian ? ", high byte first" : ""));
  if (c.wavelengths_nm.empty())
    add_line(out, "wavelengths", "unknown (" + c.wavelength_note + ")");
  else
    add_line(out, "wavelengths",
             fmt::format("{:.6g} to {:.6g} nm, {} ({})", c.wavelengths_nm.front(),
                         c.wavelengths_nm.back(),
                         c.wavelength_source == WavelengthSource::Guessed ? "guessed" : "stated",
                         c.wavelength_note));
  if (!c.fwhm_nm.empty())
    add_line(out, "band width",
             fmt::format("{:.4g} to {:.4g} nm (fwhm)",
                         *std::min_element(c.fwhm_nm.begin(), c.fwhm_nm.end()),
                         *std::max_element(c.fwhm_nm.begin(), c.fwhm_nm.end())));
  const auto bad = std::count(c.bad_bands.begin(), c.bad_bands.end(), 1);
  if (bad > 0) add_line(out, "bad bands", fmt::format("{} of {}", bad, c.bands));
  std::string defaults;
  for (const int band : c.default_bands) defaults += fmt::format(" {}", band + 1);
  if (!defaults.empty()) add_line(out, "default bands", defaults.substr(1));
  if (c.reflectance_scale)
    add_line(out, "reflectance 1", fmt::format("stored as {:g}", *c.reflectance_scale));
  if (c.ignore_value) add_line(out, "no measurement", fmt::format("{:g}", *c.ignore_value));
}

int show_info(Session& session, const std::vector<std::string>& files, bool with_patient) {
  json documents = json::array();
  int status = 0;
  for (const std::string& file : files) {
    try {
      const Dataset dataset = session.registry.header(file, session.console.context());
      const Origin& origin = origin_of(dataset);
      std::string out;
      add_line(out, "file", file);
      add_line(out, "format", origin.format);
      if (const auto* v = std::get_if<Volume>(&dataset))
        describe_volume(out, *v);
      else if (const auto* cube = std::get_if<Cube>(&dataset))
        add_cube_lines(out, *cube);
      else if (const auto* r = std::get_if<Recording>(&dataset))
        out += recording_text(*r);
      else
        describe_video(out, std::get<Video>(dataset));
      for (const Fact& fact : origin.facts)
        add_line(out, fact.name.size() < 14 ? fact.name : fact.name + " ", fact.value);
      if (with_patient)
        add_line(out, "patient",
                 fmt::format("{} | {} | {} | {}", origin.patient.id, origin.patient.name,
                             origin.patient.birth_date, origin.patient.sex));
      for (const std::string& warning : origin.warnings) add_line(out, "note", warning);
      session.console.print(out);
      documents.push_back(describe(dataset, with_patient));
      if (const auto* r = std::get_if<Recording>(&dataset))
        documents.back()["audit"] = audit_json(*r);
    } catch (const Error& e) {
      if (files.size() == 1) throw;
      if (session.console.json)
        documents.push_back(
            {{"path", file},
             {"error", {{"code", name_of(e.code())}, {"message", e.what()}, {"hint", e.hint()}}}});
      else
        session.console.print_error(e);
      status = static_cast<int>(ErrorCode::PartialBatch);
    }
  }
  session.console.print(files.size() == 1 ? documents.at(0) : documents);
  return status;
}

int show_formats(Session& session) {
  json list = json::array();
  for (const ReaderDefinition* reader : session.registry.readers()) {
    list.push_back({{"id", reader->id},
                    {"title", reader->title},
                    {"read", true},
                    {"hardened", reader->hardened},
                    {"suffixes", reader->suffixes}});
    session.console.print(fmt::format("read   {:<14} {}  [{}]", reader->id, reader->title,
                                      fmt::join(reader->suffixes, " ")));
  }
  for (const WriterDefinition* writer : session.registry.writers()) {
    list.push_back({{"id", writer->id},
                    {"title", writer->title},
                    {"write", true},
                    {"suffix", writer->suffix}});
    session.console.print(
        fmt::format("write  {:<14} {}  [{}]", writer->id, writer->title, writer->suffix));
  }
  for (const RecordingFormat& format : recording_formats()) {
    list.push_back(
        {{"id", format.id}, {"title", format.title}, {"write", true}, {"suffix", format.suffix}});
    session.console.print(
        fmt::format("write  {:<14} {}  [{}]", format.id, format.title, format.suffix));
  }
  session.console.print(list);
  return 0;
}

int show_pipelines(Session& session, const std::string& wanted) {
  json list = json::array();
  for (const PipelineInfo& info : session.registry.pipelines()) {
    if (!wanted.empty() && info.id != wanted) continue;
    list.push_back(to_json(info));
    list.back()["commands"] = json::array();
    for (const auto& [pipeline, command] : session.registry.commands())
      if (pipeline == info.id) list.back()["commands"].push_back(command);
    session.console.print(fmt::format("{:<18} {} ({}, {})\n{:<18} {}", info.id, info.title,
                                      info.version, info.maturity, "", info.question));
    if (wanted.empty()) continue;
    session.console.print(fmt::format("\nIntended use: {}\nLimits: {}\nCitation: {}\n\nParameters",
                                      info.intended_use, info.limits, info.citation));
    for (const ParameterSpec& spec : info.parameters)
      session.console.print(
          fmt::format("  --{:<22} {}{} (default {}){}", spec.name, spec.about.help,
                      spec.about.unit.empty() ? "" : " [" + spec.about.unit + "]",
                      spec.default_value.dump(), spec.about.live ? "; live" : ""));
  }
  if (!wanted.empty() && list.empty())
    session.registry.pipeline(wanted); // throws, with the nearest name
  for (const ExtensionStatus& status : session.registry.extensions())
    if (!status.failure.empty()) {
      list.push_back({{"id", status.id}, {"failure", status.failure}});
      session.console.print(fmt::format("{:<18} not used: {}", status.id, status.failure));
    }
  session.console.print(list);
  return 0;
}

int show_devices(Session& session) {
  resolve_device(session.console.device); // a word that is no device is said
  json list = json::array();
  for (const Device& device : devices()) {
    const double memory_gib = static_cast<double>(device.memory_bytes) / (1u << 30);
    list.push_back({{"id", device.id},
                    {"name", device.name},
                    {"memory_bytes", device.memory_bytes},
                    {"cores", device.cores},
                    {"features", device.features}});
    session.console.print(fmt::format(
        "{:<8} {}, {:.0f} GiB{}  {}", device.id, device.name, memory_gib,
        device.cores > 0 ? fmt::format(", {} cores", device.cores) : "", device.features));
  }
  session.console.print(list);
  return 0;
}

}

void add_info(CLI::App& app, Session& session) {
  auto* command =
      app.add_subcommand("info", "What a file is, its scale, and where the scale comes from");
  const auto files = std::make_shared<std::vector<std::string>>();
  const auto patient = std::make_shared<bool>(false), formats = std::make_shared<bool>(false);
  command->add_option("FILE", *files, "Files or folders");
  command->add_flag("--patient", *patient, "Also show the fields that identify the patient");
  command->add_flag("--formats", *formats, "List the formats that can be read and written");
  command->callback([&session, files, patient, formats] {
    if (!*formats && files->empty())
      throw CLI::ParseError("give a FILE, or --formats", CLI::ExitCodes::RequiredError);
    session.chosen = [&session, files, patient, formats] {
      return *formats ? show_formats(session) : show_info(session, *files, *patient);
    };
  });
}

void add_pipelines(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("pipelines", "The pipelines, their parameters and limits");
  const auto wanted = std::make_shared<std::string>();
  command->add_option("PIPELINE", *wanted, "Show this one in full");
  command->callback([&session, wanted] {
    session.chosen = [&session, wanted] { return show_pipelines(session, *wanted); };
  });
}

void add_devices(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("devices", "What this machine can compute on");
  command->callback([&session] { session.chosen = [&session] { return show_devices(session); }; });
}

}
