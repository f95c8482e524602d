#include "pipelines/oct_hrf/phantom_command.h"

#include "pipelines/oct_hrf/phantom.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace sensorium::oct_hrf {
namespace fs = std::filesystem;
using nlohmann::json;
namespace {

// NRRD without compression: http://teem.sourceforge.net/nrrd/format.html. Full formats are the
// plugins' work.
void write_nrrd(const Volume& volume, const std::string& content, const fs::path& path) {
  const auto mm = [&](std::size_t axis) { return volume.spacing[axis].micrometres / 1000; };
  std::string text = fmt::format(
      "NRRD0005\n# {}\ntype: {}\ndimension: 3\nspace dimension: 3\nsizes: {} {} {}\n"
      "space directions: ({},0,0) (0,{},0) (0,0,{})\nspace units: \"mm\" \"mm\" \"mm\"\n"
      "kinds: domain domain domain\nendian: little\nencoding: raw\n",
      content, volume.type == PixelType::UInt16 ? "uint16" : "uint8", volume.width, volume.height,
      volume.depth, mm(0), mm(1), mm(2));
  text += fmt::format("sensorium_content:={}\nsensorium_modality:=OCT\nsensorium_laterality:={}"
                      "\nsensorium_orientation:=unknown\nsensorium_scale_source:=phantom\n\n",
                      content, volume.laterality == Laterality::Left ? "left" : "right");
  const auto bytes = volume.pixels.bytes();
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  write_atomically(path, text);
}

std::string truth_csv(const Phantom& phantom) {
  const bool bodies = phantom.used.phantom_version >= 2; // version 1's file stays as it was
  std::string out = "instance,label,bscan,x_px,y_px,width_um,height_um,diameter_um,layer,shadow,"
                    "pixels";
  out += bodies ? ",body\r\n" : "\r\n";
  for (const PhantomObject& o : phantom.objects)
    out += fmt::format("{},{},{},{:.2f},{:.2f},{:.1f},{:.1f},{:.1f},{},{},{}{}\r\n", o.instance,
                       name_of(o.label), o.scan, o.x, o.y, o.width_um, o.height_um, o.diameter_um,
                       csv_cell(o.layer), o.shadow ? "yes" : "no", o.pixels,
                       bodies ? "," + std::to_string(o.body) : "");
  return out;
}

json run(const std::vector<std::string>&, const json& parameters, const fs::path& output,
         const Context& context) {
  context.step(0, "making the phantom");
  const Phantom phantom =
      make_phantom(parameters_from<PhantomOptions>(parameters), context.thread_count());
  context.step(0.8, "writing");
  write_nrrd(phantom.volume, "synthetic OCT volume (phantom), no patient", output / "volume.nrrd");
  write_nrrd(phantom.labels,
             "labels of the phantom: 1 focus, 2 exudate, 3 choroidal focus, 4 vessel, 5 fragment",
             output / "labels.nrrd");
  write_nrrd(phantom.instances, "instances of the phantom, as in truth.csv",
             output / "instances.nrrd");
  write_atomically(output / "truth.csv", truth_csv(phantom));
  return {{"volume", (output / "volume.nrrd").string()},
          {"labels", (output / "labels.nrrd").string()},
          {"truth", (output / "truth.csv").string()},
          {"objects", phantom.objects.size()},
          {"phantom_version", phantom.used.phantom_version}};
}

}

PipelineCommand phantom_command() {
  return {.verb = "phantom",
          .title = "Make a synthetic recording whose truth is known",
          .parameters = specs_of<PhantomOptions>(),
          .without_files = "a phantom is made from its parameters alone",
          .run = run};
}

}
