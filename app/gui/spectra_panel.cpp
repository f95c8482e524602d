#include "app/gui/spectra_panel.h"

#include "modules/core/error.h"
#include "modules/core/file.h"
#include "modules/view/theme.h"

#include <nlohmann/json.hpp>

#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListWidget>
#include <QPainter>
#include <QPixmap>
#include <QPointer>
#include <QPushButton>
#include <QShortcut>
#include <QVBoxLayout>

namespace sensorium {
using nlohmann::json;
namespace {

TileRange range_of(const QRect& r) { return {r.y(), r.height(), r.x(), r.width()}; }
bool is_point(const QRect& r) { return r.size() == QSize(1, 1); }

QIcon swatch(const QColor& color, bool dashed) {
  QPixmap out(32, 32);
  out.setDevicePixelRatio(2);
  out.fill(Qt::transparent);
  QPainter painter(&out);
  painter.setPen(QPen(color, 3, dashed ? Qt::DotLine : Qt::SolidLine));
  painter.drawLine(QPointF(1, 8), QPointF(15, 8));
  return out;
}

}

SpectraPanel::SpectraPanel(QWidget* parent)
    : QWidget(parent), plot_(new SpectrumPlot), list_(new QListWidget), heading_(new QLabel),
      remove_(new QPushButton("Remove")), clear_(new QPushButton("Remove all")),
      export_(new QPushButton("Export as CSV")), known_(new QPushButton("Library")),
      library_(new LibraryPanel) {
  heading_->setObjectName("heading");
  list_->setAccessibleName("Kept spectra");
  list_->setUniformItemSizes(true);
  list_->setMinimumHeight(40);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  remove_->setToolTip("Remove the selected spectrum (Delete)");
  export_->setToolTip("The kept spectra as a table, one row a band");
  known_->setToolTip(
      "Open a library of known spectra (ENVI) and list the nearest to the chosen one");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(4);
  buttons->addWidget(remove_, 1);
  buttons->addWidget(clear_, 1);
  auto* side = new QWidget;
  side->setObjectName("panel");
  side->setFixedWidth(224);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(6);
  column->addWidget(heading_);
  column->addWidget(list_, 1);
  column->addLayout(buttons);
  auto* files = new QHBoxLayout;
  files->setSpacing(4);
  files->addWidget(export_, 1);
  files->addWidget(known_, 1);
  column->addLayout(files);
  auto* all = new QHBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->setSpacing(0);
  all->addWidget(plot_, 1);
  all->addWidget(library_);
  all->addWidget(side);
  plot_->set_empty_text("Move over the picture to see a spectrum. Click to keep it.");
  pool_.setMaxThreadCount(2);
  connect(remove_, &QPushButton::clicked, this, [this] { remove(selected_); });
  connect(clear_, &QPushButton::clicked, this, [this] { remove_all(); });
  connect(export_, &QPushButton::clicked, this, &SpectraPanel::export_asked);
  connect(known_, &QPushButton::clicked, this, &SpectraPanel::library_asked);
  connect(library_, &LibraryPanel::changed, this, [this] {
    if (!library_->has_library()) compared_ = -1;
    refresh();
  });
  auto* del = new QShortcut(QKeySequence::Delete, list_);
  del->setContext(Qt::WidgetShortcut);
  connect(del, &QShortcut::activated, this, [this] { remove(selected_); });
  connect(list_, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* now) {
    if (!quiet_) select(now ? now->data(Qt::UserRole).toInt() : 0);
  });
  connect(plot_, &SpectrumPlot::curve_clicked, this, [this](int id) { select(id); });
  connect(plot_, &SpectrumPlot::band_clicked, this, &SpectraPanel::band_clicked);
  refresh();
}

SpectraPanel::~SpectraPanel() {
  drop_all();
  pool_.waitForDone();
}

void SpectraPanel::drop_all() {
  ++generation_;
  for (const Kept& kept : kept_) *kept.stop = true;
  kept_.clear();
  pool_.clear();
  selected_ = 0;
  compared_ = -1;
  wanted_.reset();
  passing_.reset();
}

QString SpectraPanel::set_cube(std::shared_ptr<const Cube> cube,
                               const std::filesystem::path& store) {
  drop_all();
  cube_ = std::move(cube);
  store_ = store;
  QString failure;
  const bool known = !cube_->wavelengths_nm.empty();
  const QString x = !known ? "Band (wavelengths unknown)"
                    : cube_->wavelength_source == WavelengthSource::Guessed
                        ? "Wavelength, nm (unit guessed)"
                        : "Wavelength, nm";
  plot_->set_axis(cube_->wavelengths_nm, x,
                  cube_->reflectance_scale ? "Reflectance" : "Stored value", cube_->bad_bands,
                  cube_->bands);
  plot_->set_passing({});
  try {
    load();
  } catch (const std::exception&) {
    failure = QString::fromStdString("The kept spectra of this case could not be read: '" +
                                     store_.string() + "' is damaged.");
  }
  refresh();
  emit changed();
  return failure;
}

const SpectraPanel::Kept* SpectraPanel::find(int id) const {
  for (const Kept& kept : kept_)
    if (kept.id == id) return &kept;
  return nullptr;
}

const Spectrum* SpectraPanel::values(int id) const {
  const Kept* kept = find(id);
  return kept ? kept->values.get() : nullptr;
}

QRect SpectraPanel::place(int id) const {
  const Kept* kept = find(id);
  return kept ? kept->place : QRect();
}

QString SpectraPanel::name(int id) const {
  const Kept* kept = find(id);
  if (!kept) return {};
  const QRect& r = kept->place;
  const QString at = QString("x %1 y %2").arg(r.x()).arg(r.y());
  return is_point(r) ? QString("%1: %2").arg(kept->slot + 1).arg(at)
                     : QString("%1: %2, %3 × %4")
                           .arg(kept->slot + 1)
                           .arg(at)
                           .arg(r.width())
                           .arg(r.height());
}

bool SpectraPanel::busy() const {
  for (const Kept& kept : kept_)
    if (!kept.values && kept.failure.isEmpty()) return true;
  return passing_.has_value();
}

std::vector<CubeMarker> SpectraPanel::markers() const {
  std::vector<CubeMarker> out;
  for (const Kept& kept : kept_)
    out.push_back({kept.id, QString::number(kept.slot + 1), spectrum_color(kept.slot), kept.place,
                   kept.id == selected_});
  return out;
}

int SpectraPanel::keep(const QRect& place) {
  if (!cube_) return 0;
  int slot = 0; // the lowest free number, so that no other spectrum changes its colour
  const auto taken = [&] {
    for (const Kept& kept : kept_)
      if (kept.slot == slot) return true;
    return false;
  };
  while (taken()) ++slot;
  add(slot, place);
  selected_ = kept_.back().id;
  save();
  refresh();
  emit changed();
  return selected_;
}

void SpectraPanel::add(int slot, const QRect& place) {
  Kept kept;
  kept.id = next_id_++;
  kept.slot = slot;
  kept.place = place;
  kept_.push_back(kept);
  read(kept_.back());
}

void SpectraPanel::read(const Kept& kept) {
  QPointer<SpectraPanel> self(this);
  pool_.start([self, cube = cube_, id = kept.id, place = range_of(kept.place), stop = kept.stop] {
    std::shared_ptr<const Spectrum> values;
    QString failure;
    int told = 0;
    Context context;
    context.progress = [&](double fraction, std::string_view) {
      const int percent = static_cast<int>(fraction * 100);
      if (percent >= told + 2) {
        told = percent;
        QMetaObject::invokeMethod(self.data(), [self, id, percent] {
          for (Kept& k : self->kept_)
            if (k.id == id) k.percent = percent;
          self->refresh_list();
        });
      }
      return !*stop;
    };
    try {
      values = std::make_shared<const Spectrum>(spectrum_of(*cube, place, context));
    } catch (const std::exception& e) {
      failure = e.what();
    }
    if (*stop) return;
    QMetaObject::invokeMethod(self.data(),
                              [self, id, values, failure] { self->take(id, values, failure); });
  });
}

void SpectraPanel::take(int id, std::shared_ptr<const Spectrum> values, const QString& failure) {
  for (Kept& kept : kept_) {
    if (kept.id != id) continue;
    kept.values = std::move(values);
    kept.failure = failure;
    break;
  }
  refresh();
}

void SpectraPanel::pass(QPoint pixel) {
  if (!cube_) return;
  wanted_ = pixel;
  if (!passing_) read_passing(pixel);
}

void SpectraPanel::pass_nothing() {
  wanted_.reset();
  plot_->set_passing({});
}

void SpectraPanel::read_passing(QPoint pixel) {
  passing_ = pixel;
  QPointer<SpectraPanel> self(this);
  pool_.start(
      [self, cube = cube_, pixel, generation = generation_] {
        std::vector<double> values;
        try {
          values = spectrum_of(*cube, {pixel.y(), 1, pixel.x(), 1}).mean;
        } catch (const std::exception&) {
          values.clear(); // nothing to show of this place
        }
        QMetaObject::invokeMethod(self.data(),
                                  [self, pixel, values = std::move(values), generation] {
                                    if (self->generation_ != generation) return;
                                    self->passing_.reset();
                                    if (self->wanted_) {
                                      self->plot_->set_passing(values);
                                      emit self->passed(pixel, values);
                                      if (*self->wanted_ != pixel)
                                        self->read_passing(*self->wanted_);
                                    }
                                  });
      },
      1); // before what was kept
}

void SpectraPanel::remove(int id) {
  const auto at =
      std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) { return k.id == id; });
  if (at == kept_.end()) return;
  *at->stop = true;
  const auto next = kept_.erase(at);
  selected_ = next != kept_.end() ? next->id : kept_.empty() ? 0 : kept_.back().id;
  save();
  refresh();
  emit changed();
}

void SpectraPanel::remove_all() {
  for (const Kept& kept : kept_) *kept.stop = true;
  kept_.clear();
  selected_ = 0;
  save();
  refresh();
  emit changed();
}

void SpectraPanel::select(int id) {
  if (id == selected_) return;
  selected_ = id;
  refresh();
  emit changed();
  if (const Kept* kept = find(id)) emit selected_changed(kept->place);
}

std::vector<QRect> SpectraPanel::places() const {
  std::vector<QRect> out;
  for (const Kept& kept : kept_) out.push_back(kept.place);
  return out;
}

// Asks the library about the chosen spectrum, once it is read and once only.
void SpectraPanel::compare() {
  const Kept* kept = find(selected_);
  const int now = kept && kept->values ? kept->id : 0;
  if (!library_->has_library() || now == compared_ || !cube_) return;
  compared_ = now;
  library_->compare(now ? name(now) : QString(), now ? kept->values->mean : std::vector<double>(),
                    cube_->wavelengths_nm, cube_->bad_bands);
}

void SpectraPanel::refresh() {
  compare();
  std::vector<SpectrumCurve> curves;
  for (const Kept& kept : kept_) {
    if (!kept.values) continue;
    SpectrumCurve curve;
    curve.id = kept.id;
    curve.name = name(kept.id);
    curve.color = spectrum_color(kept.slot);
    curve.mean = kept.values->mean;
    if (!is_point(kept.place)) curve.sd = kept.values->sd;
    curve.selected = kept.id == selected_;
    curve.dashed = kept.slot >= spectrum_colors;
    curves.push_back(std::move(curve));
  }
  if (auto known = library_->curve()) curves.push_back(std::move(*known));
  plot_->set_curves(std::move(curves));
  refresh_list();
}

void SpectraPanel::refresh_list() {
  quiet_ = true;
  list_->clear();
  for (const Kept& kept : kept_) {
    QString text = name(kept.id);
    if (!kept.values)
      text += kept.failure.isEmpty() ? QString(" (reading, %1 %)").arg(kept.percent) : " (failed)";
    auto* item = new QListWidgetItem(
        swatch(spectrum_color(kept.slot), kept.slot >= spectrum_colors), text, list_);
    item->setData(Qt::UserRole, kept.id);
    item->setToolTip(kept.failure.isEmpty()
                         ? (is_point(kept.place) ? "One pixel. x: sample, y: line, from 0."
                                                 : "Mean of the rectangle, and one standard "
                                                   "deviation on either side.")
                         : kept.failure);
    if (kept.id == selected_) list_->setCurrentItem(item);
  }
  quiet_ = false;
  heading_->setText(kept_.empty() ? "No spectra kept"
                                  : QString("%1 kept").arg(static_cast<int>(kept_.size())));
  remove_->setEnabled(find(selected_) != nullptr);
  clear_->setEnabled(!kept_.empty());
  export_->setEnabled(!kept_.empty());
}

void SpectraPanel::write_csv(const std::filesystem::path& file) const {
  std::vector<NamedSpectrum> out;
  for (const Kept& kept : kept_) {
    if (!kept.values)
      throw Error(ErrorCode::Conflict,
                  "the spectrum " + name(kept.id).toStdString() + " is not read yet",
                  "wait for it, or remove it");
    out.push_back({name(kept.id).toStdString(), range_of(kept.place), *kept.values});
  }
  write_atomically(file, spectra_csv(*cube_, out));
}

void SpectraPanel::save() {
  if (store_.empty()) return;
  json places = json::array();
  for (const Kept& k : kept_)
    places.push_back({{"number", k.slot + 1},
                      {"x", k.place.x()},
                      {"y", k.place.y()},
                      {"width", k.place.width()},
                      {"height", k.place.height()}});
  try {
    make_folder(store_.parent_path());
    write_atomically(
        store_,
        json{{"format", "sensorium-spectra"}, {"version", 1}, {"places", places}}.dump(1) + "\n");
  } catch (const Error& e) {
    emit store_failed(QString::fromStdString(e.what()));
  }
}

void SpectraPanel::load() {
  if (store_.empty() || !std::filesystem::exists(store_)) return;
  const json in = json::parse(read_text(store_, 1 << 20));
  const QRect all(0, 0, cube_->samples, cube_->lines);
  for (const json& p : in.at("places")) {
    const QRect place(p.at("x").get<int>(), p.at("y").get<int>(), p.at("width").get<int>(),
                      p.at("height").get<int>());
    const int number = p.at("number").get<int>();
    if (place.isEmpty() || !all.contains(place) || number < 1 || number > 100000)
      throw Error(ErrorCode::BadInput, "a place outside the cube");
    add(number - 1, place);
  }
}

void SpectraPanel::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange) {
    refresh();
    emit changed();
  }
  QWidget::changeEvent(event);
}

}
