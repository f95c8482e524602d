#include "pipelines/oct_hrf/count.h"

#include "modules/core/parallel.h"
#include "pipelines/oct_hrf/etdrs.h"
#include "pipelines/oct_hrf/profile.h"
#include "pipelines/oct_hrf/second_look.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>

namespace sensorium::oct_hrf {

namespace {

// Units of a volume: micrometres where they are known, pixels elsewhere.
struct Units {
  bool plane_known, face_known, volume_known;
  double x = 1, y = 1, z = 1; // um, or 1
  std::string plane_source, face_source, volume_source;
};

std::string source_of(const Spacing& s) {
  return to_json(s).value("source", "unknown") + (s.field.empty() ? "" : ": " + s.field);
}

std::string joined_sources(std::initializer_list<const Spacing*> spacings) {
  std::vector<std::string> parts;
  for (const Spacing* s : spacings) {
    std::string one = source_of(*s);
    if (std::find(parts.begin(), parts.end(), one) == parts.end()) parts.push_back(std::move(one));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

Units units_of(const Volume& v) {
  const auto& [sx, sy, sz] = v.spacing;
  Units u{.plane_known = sx.known() && sy.known(),
          .face_known = sx.known() && sz.known(),
          .volume_known = sx.known() && sy.known() && sz.known()};
  if (sx.known()) u.x = sx.micrometres;
  if (sy.known()) u.y = sy.micrometres;
  if (sz.known()) u.z = sz.micrometres;
  const std::string none = "scale unknown";
  u.plane_source = u.plane_known ? joined_sources({&sx, &sy}) : none;
  u.face_source = u.face_known ? joined_sources({&sx, &sz}) : none;
  u.volume_source = u.volume_known ? joined_sources({&sx, &sy, &sz}) : none;
  return u;
}

enum class Class {
  Focus,
  Exudate,
  Choroidal,
  TooSmall,
  TooLarge,
  Shadowed,
  TooDark,
  Vitreous,
  LookAlike
};

struct Counted {
  const Component* component = nullptr;
  Shape shape;
  Brightness brightness;
  Slab slab = Slab::Unknown;
  std::string etdrs;
  Class kind = Class::TooSmall;
  double of_rpe = std::numeric_limits<double>::quiet_NaN();
  std::optional<double> second_look;
};

struct Setting {
  const Volume& volume;
  const Scene& scene;
  const CountOptions& options;
  Profile profile;
  Units units;
  std::optional<EtdrsGrid> grid;
  std::string grid_missing;
};

Class classify(const Setting& s, const Counted& c) {
  if (c.shape.section_pixels < s.options.min_pixels) return Class::TooSmall;
  if (s.units.plane_known && c.shape.long_axis < s.options.min_size_um) return Class::TooSmall;
  if (c.slab == Slab::Vitreous) return Class::Vitreous;
  if (c.slab == Slab::Choroid) return Class::Choroidal;
  ProfileFacts facts{.shadow = c.brightness.shadow};
  if (s.units.plane_known) facts.long_axis_um = c.shape.long_axis;
  const auto ratio = [&](const std::vector<float>& layer) -> std::optional<double> {
    const double reference = layer.empty() ? 0 : layer[c.shape.bscan];
    if (!(reference > 0.02)) return std::nullopt;
    return c.brightness.mean / reference;
  };
  facts.of_rpe = ratio(s.scene.rpe_grey);
  facts.of_rnfl = ratio(s.scene.rnfl_grey);
  switch (judge(s.profile, facts)) {
  case Verdict::Focus:
    return Class::Focus;
  case Verdict::Exudate:
    return Class::Exudate;
  case Verdict::TooLarge:
    return Class::TooLarge;
  case Verdict::Shadowed:
    return Class::Shadowed;
  case Verdict::TooDark:
    break;
  }
  return Class::TooDark;
}

// Chunks are large enough that handing them out costs nothing.
template<class Work> void in_chunks(std::size_t count, int threads, const Work& work) {
  constexpr std::size_t chunk = 128;
  parallel_for(static_cast<int>((count + chunk - 1) / chunk), threads, [&](int i) {
    const std::size_t from = static_cast<std::size_t>(i) * chunk;
    for (std::size_t k = from; k < std::min(count, from + chunk); ++k) work(k);
  });
}

void look_again(const Setting& s, Counted& c) {
  const auto cues = cues_of(*c.component, c.shape.bscan, s.scene, s.units.x, s.units.y);
  if (!cues) return;
  c.second_look = lesion_probability(*cues);
  if (*c.second_look < s.options.second_look) c.kind = Class::LookAlike;
}

std::vector<Counted> counted(const Setting& s, const std::vector<Component>& components) {
  std::vector<Counted> out(components.size());
  const bool um = s.units.plane_known;
  in_chunks(components.size(), s.scene.threads, [&](std::size_t i) {
    const Component& component = components[i];
    Counted& c = out[i];
    c.component = &component;
    c.shape = shape_of(component, um ? s.units.x : 1, um ? s.units.y : 1);
    if (c.shape.section_pixels >= s.options.min_pixels) {
      c.brightness = brightness_of(component, c.shape, s.scene);
      const int z = static_cast<int>(std::lround(component.centroid[2]));
      c.slab = slab_at(s.scene, component.centroid[0], component.centroid[1], z);
      if (!s.scene.rpe_grey.empty() && s.scene.rpe_grey[c.shape.bscan] > 0.02f)
        c.of_rpe = c.brightness.mean / s.scene.rpe_grey[c.shape.bscan];
      if (s.grid) c.etdrs = etdrs_region(*s.grid, component.centroid[0], component.centroid[2]);
    }
    c.kind = classify(s, c);
    if (um && s.options.second_look > 0 && c.kind <= Class::Choroidal) look_again(s, c);
  });
  return out;
}

std::string label_of(Class kind) {
  switch (kind) {
  case Class::Focus:
    return "focus";
  case Class::Exudate:
    return "exudate";
  case Class::Choroidal:
    return "choroidal";
  case Class::LookAlike:
    return "vessel or shadow";
  default:
    return {};
  }
}

double face_area(const Setting& s, const Counted& c) {
  return static_cast<double>(c.shape.face_pixels) *
         (s.units.face_known ? s.units.x * s.units.z : 1);
}
double solid_volume(const Setting& s, const Counted& c) {
  const double unit = s.units.volume_known ? s.units.x * s.units.y * s.units.z : 1;
  return static_cast<double>(c.shape.voxels) * unit;
}

std::vector<Measure> measures_of(const Setting& s, const Counted& c) {
  const Units& u = s.units;
  const std::string length = u.plane_known ? "um" : "px", area = u.plane_known ? "um2" : "px2";
  const double pixel = u.plane_known ? u.x * u.y : 1;
  const auto section = static_cast<double>(c.shape.section_pixels);
  return {{"long axis", c.shape.long_axis, length, u.plane_source},
          {"equivalent diameter", c.shape.equivalent_diameter, length, u.plane_source},
          {"section area", section * pixel, area, u.plane_source},
          {"en-face area", face_area(s, c), u.face_known ? "um2" : "px2", u.face_source},
          {"volume", solid_volume(s, c), u.volume_known ? "um3" : "px3", u.volume_source},
          {"mean intensity", c.brightness.mean, "1", "normalised B-scan"},
          {"contrast", c.brightness.contrast, "1", "(inside - ring) / (inside + ring)"},
          {"mean probability", c.component->sum / 255.0 / static_cast<double>(c.shape.voxels), "1",
           "soft map"}};
}

Finding finding_of(const Setting& s, const Counted& c) {
  Finding f;
  const auto& at = c.component->peak_at;
  f.id = fmt::format("f-{}-{}-{}", at[0], at[1], at[2]);
  f.label = label_of(c.kind);
  f.score = c.component->peak / 255.0;
  f.centroid = c.component->centroid;
  f.box = c.component->box;
  f.footprint = c.component->runs;
  f.measures = measures_of(s, c);
  f.attributes = {{"bscan", std::to_string(c.shape.bscan + 1)},
                  {"bscans", std::to_string(c.shape.bscans)},
                  {"slab", name_of(c.slab)},
                  {"profile", s.profile.id},
                  {"shadow", !c.brightness.shadow   ? "unknown"
                             : *c.brightness.shadow ? "yes"
                                                    : "no"}};
  if (!c.etdrs.empty()) f.attributes["etdrs"] = c.etdrs;
  if (std::isfinite(c.of_rpe)) f.attributes["of_rpe"] = fmt::format("{:.2f}", c.of_rpe);
  if (c.second_look) f.attributes["second_look"] = fmt::format("{:.2f}", *c.second_look);
  f.text = fmt::format("{}, {:.0f} {} long, B-scan {}, {}{}{}, p {:.2f}", f.label,
                       c.shape.long_axis, s.units.plane_known ? "um" : "px", c.shape.bscan + 1,
                       c.slab == Slab::Unknown ? "layer unknown" : name_of(c.slab),
                       c.etdrs.empty() ? "" : ", " + c.etdrs,
                       c.brightness.shadow.value_or(false) ? ", with shadow" : "", f.score);
  return f;
}

struct Row {
  int objects = 0, sections = 0, shadows = 0;
  double face = 0, volume = 0;
  void add(const Setting& s, const Counted& c) {
    ++objects;
    shadows += c.brightness.shadow.value_or(false);
    face += face_area(s, c);
    volume += solid_volume(s, c);
  }
  std::vector<std::string> cells(const std::string& name) const {
    return {name,
            std::to_string(objects),
            std::to_string(sections),
            fmt::format("{:.0f}", face),
            fmt::format("{:.0f}", volume),
            std::to_string(shadows)};
  }
};

std::vector<std::string> columns_of(const Setting& s, const std::string& first) {
  return {first,
          "3-D objects",
          "B-scan sections",
          fmt::format("en-face area ({})", s.units.face_known ? "um2" : "px2"),
          fmt::format("volume ({})", s.units.volume_known ? "um3" : "px3"),
          "with shadow"};
}

using Rows = std::map<std::string, Row>;

template<class Name>
Rows rows_of(const Setting& s, const std::vector<Counted>& objects,
             const std::vector<Counted>& sections, Class kind, const Name& name) {
  Rows rows;
  for (const Counted& c : objects)
    if (c.kind == kind) rows[name(c)].add(s, c);
  for (const Counted& c : sections)
    if (c.kind == kind) ++rows[name(c)].sections;
  return rows;
}

Table slab_table(const Setting& s, const std::vector<Counted>& objects,
                 const std::vector<Counted>& sections) {
  const auto slab = [](const Counted& c) { return name_of(c.slab); };
  Table t{"by slab",
          "Foci by depth. Choroidal foci are not part of the retinal sum.",
          columns_of(s, "slab"),
          {}};
  Rows foci = rows_of(s, objects, sections, Class::Focus, slab);
  Row sum;
  for (Slab b : {Slab::InnerRetina, Slab::OuterRetina, Slab::NearRpe, Slab::Unknown}) {
    const Row& r = foci[name_of(b)];
    if (b == Slab::Unknown && r.objects + r.sections == 0) continue;
    t.rows.push_back(r.cells(name_of(b)));
    sum.objects += r.objects;
    sum.sections += r.sections;
    sum.shadows += r.shadows;
    sum.face += r.face;
    sum.volume += r.volume;
  }
  t.rows.push_back(sum.cells("retina, sum"));
  const auto apart = [&](Class kind, const std::string& name) {
    t.rows.push_back(
        rows_of(s, objects, sections, kind, [&](const Counted&) { return name; })[name].cells(
            name));
  };
  if (s.profile.exudates) apart(Class::Exudate, "exudates (apart)");
  apart(Class::Choroidal, "choroid (apart)");
  return t;
}

Table region_table(const Setting& s, const std::vector<Counted>& objects,
                   const std::vector<Counted>& sections) {
  Table t{"by region",
          fmt::format("Retinal foci by ETDRS region, fovea at column {:.0f}, B-scan {:.0f}{}.",
                      s.grid->fovea_x + 1, s.grid->fovea_z + 1,
                      s.options.fovea_x < 0 || s.options.fovea_z < 0
                          ? " (the middle of the volume, not located)"
                          : ""),
          columns_of(s, "region"),
          {}};
  Rows rows = rows_of(s, objects, sections, Class::Focus, [](const Counted& c) { return c.etdrs; });
  for (const std::string& region : etdrs_regions(*s.grid))
    t.rows.push_back(rows[region].cells(region));
  return t;
}

Table bscan_table(const std::vector<Counted>& sections) {
  Table t{"by B-scan",
          "Sections in each B-scan that has any.",
          {"B-scan", "retinal foci", "exudates", "choroidal foci"},
          {}};
  std::map<int, std::array<int, 3>> rows;
  for (const Counted& c : sections)
    if (c.kind <= Class::Choroidal) ++rows[c.shape.bscan][static_cast<int>(c.kind)];
  for (const auto& [z, n] : rows)
    t.rows.push_back(
        {std::to_string(z + 1), std::to_string(n[0]), std::to_string(n[1]), std::to_string(n[2])});
  return t;
}

int number_of(const std::vector<Counted>& all, Class kind) {
  return static_cast<int>(
      std::count_if(all.begin(), all.end(), [&](const Counted& c) { return c.kind == kind; }));
}

std::vector<Measure> summary_of(const Setting& s, const std::vector<Counted>& objects,
                                const std::vector<Counted>& sections) {
  std::vector<Measure> m;
  const auto both = [&](const std::string& name, Class kind) {
    m.push_back({name + ", 3-D objects", double(number_of(objects, kind)), "1", "count"});
    m.push_back({name + ", B-scan sections", double(number_of(sections, kind)), "1", "count"});
  };
  both("retinal foci", Class::Focus);
  if (s.profile.exudates) both("exudates", Class::Exudate);
  both("choroidal foci", Class::Choroidal);
  double face = 0, volume = 0;
  for (const Counted& c : objects)
    if (c.kind == Class::Focus) {
      face += face_area(s, c);
      volume += solid_volume(s, c);
    }
  m.push_back({"retinal foci, en-face area", face, s.units.face_known ? "um2" : "px2",
               s.units.face_source});
  m.push_back({"retinal foci, volume", volume, s.units.volume_known ? "um3" : "px3",
               s.units.volume_source});
  const auto left_out = [&](const char* name, Class kind) {
    if (const int n = number_of(objects, kind))
      m.push_back({std::string("left out: ") + name, double(n), "1", "count of 3-D objects"});
  };
  left_out("smaller than the least size", Class::TooSmall);
  left_out("larger than the profile's limit", Class::TooLarge);
  left_out("with a shadow", Class::Shadowed);
  left_out("darker than the profile asks", Class::TooDark);
  left_out("in front of the retina", Class::Vitreous);
  left_out("like a vessel or a layer fragment", Class::LookAlike);
  return m;
}

std::vector<std::string> notes_of(const Setting& s) {
  std::vector<std::string> notes{
      fmt::format("Definition: {} ({}). {}.", s.profile.id, s.profile.title, s.profile.citation)};
  if (!s.units.plane_known) {
    notes.push_back("The size of a pixel is unknown: sizes are in pixels, no micrometre is given.");
    if (s.profile.longest_um > 0 || s.options.min_size_um > 0 || s.options.max_size_um > 0)
      notes.push_back("Size limits in micrometres could not be applied: candidates of every size "
                      "are counted.");
  } else if (!s.units.volume_known) {
    notes.push_back("The distance between B-scans is unknown: areas seen from the front and "
                    "volumes are in pixels.");
  }
  const bool lines = s.scene.ilm && s.scene.rpe;
  if (!lines)
    notes.push_back("No usable layer lines: nothing is counted by layer, and limits of brightness "
                    "relative to a layer were not applied.");
  else if (!s.scene.opl)
    notes.push_back("Inner and outer retina are parted at half the distance between ILM and "
                    "pigment epithelium; the last tenth above the epithelium is 'near RPE'.");
  if (s.options.second_look > 0)
    notes.push_back(
        s.units.plane_known && lines
            ? fmt::format("Second look: candidates below {:.2f} are taken for small vessels or "
                          "layer fragments and are not counted; each B-scan is looked at alone.",
                          s.options.second_look)
            : "The second look at candidates was not applied: it needs the size of a pixel and "
              "the layer lines.");
  if (!s.grid_missing.empty())
    notes.push_back(fmt::format(
        "ETDRS {}: {}.", s.grid ? "quadrants were not told apart" : "regions were not counted",
        s.grid_missing));
  if (s.grid && (s.options.fovea_x < 0 || s.options.fovea_z < 0))
    notes.push_back("The fovea was not located: the ETDRS grid lies on the middle of the volume.");
  return notes;
}

}

Findings count_foci(const Volume& volume, const ComponentIndex& index, const Scene& scene,
                    const CountOptions& options) {
  Setting s{.volume = volume,
            .scene = scene,
            .options = options,
            .profile = profile(options.profile),
            .units = units_of(volume)};
  if (options.max_size_um > 0) {
    s.profile.longest_um = options.max_size_um;
    s.profile.longest_excluded = false;
  }
  s.grid = etdrs_grid(volume, options.fovea_x, options.fovea_z, &s.grid_missing);

  const auto level = static_cast<std::uint8_t>(
      std::clamp(std::ceil(options.threshold * 255.0 - 1e-9), 1.0, 255.0));
  std::vector<Component> solid, planar;
  parallel_for(2, scene.threads, [&](int i) {
    (i == 0 ? solid : planar) =
        index.query(level, i == 0 ? Connectivity::Volume26 : Connectivity::Planar8);
  });
  const std::vector<Counted> objects = counted(s, solid), sections = counted(s, planar);

  Findings out;
  std::vector<const Counted*> shown;
  for (const Counted& c : options.per_bscan ? sections : objects)
    if (c.kind <= Class::Choroidal || (options.list_look_alikes && c.kind == Class::LookAlike))
      shown.push_back(&c);
  out.items.resize(shown.size());
  in_chunks(shown.size(), scene.threads,
            [&](std::size_t i) { out.items[i] = finding_of(s, *shown[i]); });
  out.summary = summary_of(s, objects, sections);
  out.tables.push_back(slab_table(s, objects, sections));
  if (s.grid) out.tables.push_back(region_table(s, objects, sections));
  out.tables.push_back(bscan_table(sections));
  for (Measure& m : out.summary) m.of_findings = true;
  for (Table& t : out.tables) t.of_findings = true;
  out.notes = notes_of(s);
  return out;
}

}
