#include "app/gui/cube_files.h"

#include "modules/core/dataset_store.h"
#include "modules/core/error.h"

namespace sensorium {

void open_cube_file(WorkerClient& worker, const QString& path,
                    std::function<void(std::shared_ptr<const Cube>)> done,
                    std::function<void(const QString& message, const QString& hint)> failed) {
  worker.request(
      "open", {{"path", path.toStdString()}},
      [path, done = std::move(done), failed = std::move(failed)](const WorkerReply& r) {
        if (!r.ok) return failed(r.message, r.hint);
        std::shared_ptr<const Cube> cube;
        try {
          const auto all =
              std::make_shared<const Dataset>(map_dataset(r.result.at("store").get<std::string>()));
          if (const auto* one = std::get_if<Cube>(all.get()))
            cube = std::shared_ptr<const Cube>(all, one);
        } catch (const Error& e) {
          return failed(QString::fromStdString(e.what()), QString::fromStdString(e.hint()));
        }
        if (!cube)
          return failed("'" + path + "' holds no spectra.",
                        "Choose an ENVI file, or another cube.");
        done(cube);
      });
}

}
