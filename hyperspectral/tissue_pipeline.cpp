#include "hyperspectral/tissue_pipeline.h"

#include "modules/core/error.h"
#include "modules/io/png_writer.h"

#include <fmt/format.h>

namespace sensorium::hyper {

Extension tissue_extension(TissuePipeline pipeline) {
  const auto segmenter = std::make_shared<TissueSegmenter>(std::move(pipeline.classes));
  const auto mutex = std::make_shared<std::mutex>();
  PipelineDefinition d;
  d.info = std::move(pipeline.info);
  d.analyse = [segmenter, mutex, analyse = pipeline.analyse](const AnalysisRequest& request,
                                                             const Context& context) {
    return analyse(request, *segmenter, *mutex, context);
  };
  d.restore = [again = d.analyse](const AnalysisRequest& request, std::vector<Artifact>,
                                  std::vector<Surface>,
                                  const Context& context) { return again(request, context); };
  d.conclude = std::move(pipeline.conclude);
  d.commands = std::move(pipeline.commands);
  Extension e{.id = d.info.id, .version = d.info.version, .title = d.info.title};
  e.pipelines.push_back(std::move(d));
  return e;
}

void require_network(const AnalysisRequest& request, const std::string& pipeline) {
  if (!has_tissue_network() || request.model.empty())
    throw Error(
        ErrorCode::NotFound, fmt::format("{} has no network to run", pipeline),
        fmt::format("give one with --model, or make one: sensorium train {} -o DIR", pipeline));
}

ResultFile class_picture(const TissueMap& map, std::vector<LegendEntry> legend) {
  return {"classes.png", "Likeliest class of each pixel, by a network trained on phantoms alone",
          [kept = std::make_shared<const TissueMap>(map),
           legend = std::move(legend)](const std::filesystem::path& path, const Origin&) {
            write_class_map(kept->classes, kept->samples, kept->lines, kept->grey, legend,
                            "Phantom-trained. Not for clinical use.", path);
          }};
}

ResultFile class_map(const TissueMap& map, const std::vector<LegendEntry>& legend) {
  std::vector<ClassColour> palette{{0, 0, 0}};
  for (const LegendEntry& entry : legend) palette.push_back(entry.colour);
  return {"class_map.png", "Classes as pixels: 0 none, then in the order of the table",
          [kept = std::make_shared<const TissueMap>(map),
           palette = std::move(palette)](const std::filesystem::path& path, const Origin&) {
            PngWriter png(path, kept->samples, kept->lines, 1, palette);
            const auto width = static_cast<std::size_t>(kept->samples);
            std::vector<std::uint8_t> row(width);
            for (std::size_t at = 0; at < kept->classes.size(); at += width) {
              for (std::size_t x = 0; x < width; ++x)
                row[x] = kept->classes[at + x] + 1u < palette.size()
                             ? static_cast<std::uint8_t>(kept->classes[at + x] + 1)
                             : std::uint8_t{0};
              png.row(row);
            }
            png.finish();
          }};
}

Table class_table(const TissueMap& map, const std::vector<std::string>& names) {
  Table out{.name = "classes",
            .caption = "Likeliest class of each pixel; phantom-trained",
            .columns = {"class", "name", "pixels", "share, %"}};
  std::vector<std::size_t> counts(256);
  for (const std::uint8_t c : map.classes) ++counts[c];
  const auto all = static_cast<double>(std::max<std::size_t>(1, map.classes.size()));
  const auto add = [&](std::size_t number, const std::string& name, std::size_t count) {
    out.rows.push_back({std::to_string(number), name, std::to_string(count),
                        fmt::format("{:.1f}", 100 * static_cast<double>(count) / all)});
  };
  std::size_t named = 0;
  for (std::size_t c = 0; c < names.size(); ++c) {
    add(c + 1, names[c], counts[c]);
    named += counts[c];
  }
  add(0, "no spectrum", map.classes.size() - named);
  return out;
}

void add_notes(Analysis& analysis, const TissueMap& map) {
  analysis.notes.push_back("Not for clinical use: the network was trained on phantoms alone, and "
                           "no figure here was measured on patients.");
  for (std::string& note : notes_on(map)) analysis.notes.push_back(std::move(note));
}

}
