#include "modules/view/findings_panel.h"

#include "modules/core/error.h"
#include "modules/review/mark_kinds.h"
#include "modules/view/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QPainter>
#include <QScrollBar>
#include <QTableView>
#include <QVBoxLayout>

#include <cmath>

namespace sensorium {
namespace {

// Of a finding that lasts from one time to another: as its pipeline says it, else in samples.
QString begin_of(const Finding& finding) {
  const auto said = finding.attributes.find("begin");
  return said != finding.attributes.end() ? QString::fromStdString(said->second)
                                          : QString("sample %1").arg(finding.box[0]);
}

}

FindingsModel::FindingsModel(QObject* parent) : QAbstractTableModel(parent) {}

void FindingsModel::set_picture(PixelStack stack) {
  stack_ = std::move(stack);
  spans_ = stack_.empty();
  emit headerDataChanged(Qt::Horizontal, Slice, Slice);
  window_ = auto_window(stack_);
  crops_.clear();
}

void FindingsModel::set_frames(bool frames) {
  frames_ = frames;
  emit headerDataChanged(Qt::Horizontal, Slice, Slice);
}

void FindingsModel::set_regions(bool regions) {
  spans_ = stack_.empty() && !regions;
  emit headerDataChanged(Qt::Horizontal, Slice, Slice);
}

void FindingsModel::set_label_color(std::function<QColor(const QString&)> color) {
  label_color_ = std::move(color);
}

// A crop stays as long as its finding looks the same.
static void keep_crops(QHash<QString, QPixmap>& crops, const FindingItems& before,
                       const FindingItems& after) {
  QHash<QString, const FindingItem*> drawn;
  if (before)
    for (const FindingItem& item : *before)
      if (const QString id = QString::fromStdString(item.finding.id); crops.contains(id))
        drawn.insert(id, &item);
  QHash<QString, QPixmap> kept;
  if (after && !drawn.isEmpty())
    for (const FindingItem& item : *after) {
      const QString id = QString::fromStdString(item.finding.id);
      const FindingItem* old = drawn.value(id);
      const auto same = [](const Run& a, const Run& b) {
        return a.z == b.z && a.y == b.y && a.x == b.x && a.length == b.length;
      };
      if (old && old->look == item.look &&
          std::ranges::equal(old->finding.footprint, item.finding.footprint, same))
        kept.insert(id, crops.value(id));
    }
  crops = std::move(kept);
}

void FindingsModel::set_items(FindingItems items) {
  const bool same =
      items && items_ && items->size() == items_->size() &&
      std::equal(items->begin(), items->end(), items_->begin(),
                 [](const auto& a, const auto& b) { return a.finding.id == b.finding.id; });
  keep_crops(crops_, items_, items);
  if (same) {
    items_ = std::move(items);
    if (rowCount() > 0) emit dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
    return;
  }
  beginResetModel();
  items_ = std::move(items);
  endResetModel();
}

const FindingItem* FindingsModel::item(int row) const {
  return items_ && row >= 0 && row < rowCount() ? &(*items_)[static_cast<std::size_t>(row)]
                                                : nullptr;
}

int FindingsModel::row_of(const QString& id) const {
  const std::string text = id.toStdString();
  for (int row = 0; row < rowCount(); ++row)
    if (item(row)->finding.id == text) return row;
  return -1;
}

int FindingsModel::rowCount(const QModelIndex& parent) const {
  return items_ && !parent.isValid() ? static_cast<int>(items_->size()) : 0;
}

int FindingsModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : ColumnCount;
}

QVariant FindingsModel::text(const FindingItem& item, int column) const {
  switch (column) {
  case Label:
    return QString::fromStdString(item.finding.label);
  case Score:
    return item.look == FindingLook::Drawn ? QString("—") : score_text(item.finding);
  case Size:
    return size_text(item.finding);
  case Slice:
    if (spans_) return begin_of(item.finding);
    return item.finding.footprint.empty() && item.finding.box[5] > item.finding.box[2]
               ? QString("all")
               : QString::number(std::lround(item.finding.centroid[2]) + 1);
  case State:
    return glyph_of(item.look) + " " + text_of(item.look);
  default:
    return {};
  }
}

QVariant FindingsModel::data(const QModelIndex& index, int role) const {
  const FindingItem* it = item(index.row());
  if (!it) return {};
  switch (role) {
  case Qt::DisplayRole:
    return text(*it, index.column());
  case Qt::DecorationRole: {
    if (index.column() == Label && label_color_) return patch(text(*it, Label).toString());
    if (index.column() != Crop) return {};
    QIcon picture(crop(*it));
    picture.addPixmap(crop(*it), QIcon::Selected); // a selected crop keeps its greys
    return picture;
  }
  case Qt::ForegroundRole:
    return index.column() == State && current_theme() == Theme::Dark ? QVariant(color_of(it->look))
                                                                     : QVariant();
  case Qt::ToolTipRole:
    return it->finding.text.empty() ? QVariant()
                                    : QVariant(QString::fromStdString(it->finding.text));
  case Qt::TextAlignmentRole:
    return index.column() == Score || index.column() == Size || index.column() == Slice
               ? QVariant(int(Qt::AlignRight | Qt::AlignVCenter))
               : QVariant();
  case Qt::AccessibleTextRole:
    return text(*it, index.column());
  case IdRole:
    return QString::fromStdString(it->finding.id);
  case LookRole:
    return static_cast<int>(it->look);
  case SortRole:
    break;
  default:
    return {};
  }
  switch (index.column()) {
  case Crop:
    return it->uncertainty;
  case Score:
    return score_value(it->finding);
  case Size:
    return size_value(it->finding);
  case Slice:
    if (spans_) return it->finding.box[0];
    return it->finding.centroid[2] * 1e5 + it->finding.centroid[0];
  case State:
    return static_cast<int>(it->look);
  default:
    return text(*it, index.column());
  }
}

QVariant FindingsModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole)
    return int((section >= Score && section <= Slice ? Qt::AlignRight : Qt::AlignLeft) |
               Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  if (section == Slice && spans_) return QString("Begin");
  if (section == Slice && frames_) return QString("Frame");
  static const char* const names[] = {"", "Label", "Score", "Size", "Scan", "State"};
  return section >= 0 && section < ColumnCount ? QVariant(QString(names[section])) : QVariant();
}

// The rectangle of one slice, copied: what a crop needs of a large picture. Nothing of a frame that
// cannot be decoded any more; the view of the frame says why.
static std::optional<PixelStack> part_of(const PixelStack& stack, const QRect& area, int z) try {
  PixelStack part = stack;
  part.width = area.width(), part.height = area.height(), part.depth = 1;
  const std::size_t pixel = static_cast<std::size_t>(stack.channels) * size_of(stack.type);
  const std::size_t row = static_cast<std::size_t>(area.width()) * pixel;
  std::vector<std::byte> bytes;
  bytes.reserve(row * static_cast<std::size_t>(area.height()));
  const Buffer slice = stack.slice(std::clamp(z, 0, stack.depth - 1));
  for (int y = area.top(); y <= area.bottom(); ++y) {
    const std::byte* from = slice.bytes().data() +
                            (static_cast<std::size_t>(y) * static_cast<std::size_t>(stack.width) +
                             static_cast<std::size_t>(area.left())) *
                                pixel;
    bytes.insert(bytes.end(), from, from + row);
  }
  part.pixels = Buffer(std::move(bytes));
  part.source = nullptr;
  return part;
} catch (const Error&) {
  return std::nullopt;
}

QVariant FindingsModel::patch(const QString& label) const {
  const QColor color = label_color_(label);
  if (!color.isValid()) return {};
  QPixmap out(12, 12);
  out.fill(color);
  return out;
}

QPixmap FindingsModel::crop(const FindingItem& item) const {
  const QString id = QString::fromStdString(item.finding.id);
  if (const auto found = crops_.constFind(id); found != crops_.constEnd()) return *found;
  constexpr int side = 36;
  const int z = static_cast<int>(std::lround(item.finding.centroid[2]));
  const int need = std::max(item.finding.box[3] - item.finding.box[0],
                            item.finding.box[4] - item.finding.box[1]) +
                   14;
  const int source = std::max(28, need);
  const QRect area(static_cast<int>(item.finding.centroid[0]) - source / 2,
                   static_cast<int>(item.finding.centroid[1]) - source / 2, source, source);
  QPixmap out(side, side);
  out.fill(Qt::black);
  const QRect there = area.intersected(QRect(0, 0, stack_.width, stack_.height));
  if (!stack_.empty() && !there.isEmpty()) {
    QPainter painter(&out);
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    const double s = static_cast<double>(side) / source;
    const QPointF at = QPointF(there.topLeft() - area.topLeft()) * s;
    if (const auto part = part_of(stack_, there, z))
      painter.drawImage(QRectF(at, QSizeF(there.size()) * s), slice_image(*part, 0, window_));
    painter.setRenderHint(QPainter::Antialiasing);
    const QTransform t =
        QTransform::fromTranslate(-area.x(), -area.y()) * QTransform::fromScale(s, s);
    QPen pen = pen_of(item.look, 1);
    if (const MarkKind* kind = mark_kind(item.finding.label);
        kind && item.look != FindingLook::Rejected)
      pen.setColor(QColor(kind->color));
    painter.strokePath(marker_of(t.map(outline_of(item.finding.footprint, z))), pen);
  }
  crops_.insert(id, out);
  return out;
}

class FindingsPanel::Proxy : public QSortFilterProxyModel {
public:
  using QSortFilterProxyModel::QSortFilterProxyModel;
  int state = 0; // 0: all, 1: to read, 2: accepted or changed or drawn, 3: rejected
  QString text;
  void refresh() { invalidateFilter(); }

protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override {
    const auto look = static_cast<FindingLook>(
        sourceModel()->index(row, 0, parent).data(FindingsModel::LookRole).toInt());
    if (state == 1 && look != FindingLook::Machine) return false;
    if (state == 2 && (look == FindingLook::Machine || look == FindingLook::Rejected)) return false;
    if (state == 3 && look != FindingLook::Rejected) return false;
    if (text.isEmpty()) return true;
    for (const int column :
         {int(FindingsModel::Label), int(FindingsModel::Slice), int(FindingsModel::State)})
      if (sourceModel()
              ->index(row, column, parent)
              .data()
              .toString()
              .contains(text, Qt::CaseInsensitive))
        return true;
    return false;
  }
};

FindingsPanel::FindingsPanel(QWidget* parent)
    : QWidget(parent), model_(new FindingsModel(this)), proxy_(new Proxy(this)),
      table_(new QTableView), filter_(new QLineEdit), state_(new QComboBox), order_(new QComboBox),
      summary_(new QLabel), empty_(new QLabel) {
  proxy_->setSourceModel(model_);
  proxy_->setSortRole(FindingsModel::SortRole);
  proxy_->setDynamicSortFilter(false);
  build();
  connect(filter_, &QLineEdit::textChanged, this, [this](const QString& text) {
    proxy_->text = text;
    proxy_->refresh();
    update_summary();
  });
  connect(state_, &QComboBox::currentIndexChanged, this, [this](int index) {
    proxy_->state = index;
    proxy_->refresh();
    update_summary();
  });
  connect(order_, &QComboBox::currentIndexChanged, this, [this] { apply_order(); });
  connect(table_->horizontalHeader(), &QHeaderView::sectionClicked, this,
          [this] { table_->horizontalHeader()->setSortIndicatorShown(true); });
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& at) {
            if (!quiet_ && at.isValid()) emit selection_changed(selected());
          });
  apply_order();
}

void FindingsPanel::build() {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  filter_->setPlaceholderText("Filter");
  filter_->setClearButtonEnabled(true);
  filter_->setAccessibleName("Filter findings");
  state_->addItems({"All", "To read", "Kept", "Rejected"});
  state_->setAccessibleName("State shown");
  order_->addItems({"Unsure first", "By place", "By score", "By size"});
  order_->setAccessibleName("Order of findings");
  table_->setModel(proxy_);
  table_->setAccessibleName("Findings");
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  table_->setShowGrid(false);
  table_->setSortingEnabled(true);
  table_->setIconSize({36, 36});
  table_->setTextElideMode(Qt::ElideRight);
  table_->setTabKeyNavigation(false);
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(40);
  QHeaderView* header = table_->horizontalHeader();
  header->setHighlightSections(false);
  header->setMinimumSectionSize(28);
  header->setSectionResizeMode(QHeaderView::Fixed);
  const int widths[] = {44, 66, 46, 60, 42, 84};
  for (int c = 0; c < FindingsModel::ColumnCount; ++c) header->resizeSection(c, widths[c]);
  header->setSectionResizeMode(FindingsModel::Label, QHeaderView::Stretch);
  table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  summary_->setObjectName("muted");
  summary_->setWordWrap(true);
  empty_->setObjectName("muted");
  empty_->setWordWrap(true);
  empty_->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  empty_->setContentsMargins(16, 32, 16, 16);
  auto* row = new QHBoxLayout;
  row->setSpacing(grid);
  row->addWidget(filter_, 1);
  row->addWidget(state_);
  row->addWidget(order_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addLayout(row);
  all->addWidget(empty_, 1);
  all->addWidget(table_, 1);
  all->addWidget(summary_);
  set_empty_text({});
  set_items(nullptr);
}

void FindingsPanel::set_items(FindingItems items) {
  const QString kept = selected();
  quiet_ = true;
  model_->set_items(std::move(items));
  proxy_->invalidate();
  const int row = model_->row_of(kept);
  if (row >= 0) table_->setCurrentIndex(proxy_->mapFromSource(model_->index(row, 0)));
  quiet_ = false;
  const bool any = model_->rowCount() > 0;
  table_->setVisible(any);
  empty_->setVisible(!any);
  update_summary();
}

void FindingsPanel::set_empty_text(const QString& text) { empty_->setText(text); }

void FindingsPanel::set_remark(const QString& text) {
  remark_ = text;
  update_summary();
}

void FindingsPanel::set_frames(bool frames) {
  model_->set_frames(frames);
  if (frames) table_->horizontalHeader()->resizeSection(FindingsModel::Slice, 54);
}

void FindingsPanel::set_picture(PixelStack stack) {
  const bool spans = stack.empty();
  model_->set_picture(std::move(stack));
  for (const int column : {FindingsModel::Crop, FindingsModel::Size})
    table_->setColumnHidden(column, spans);
  table_->setColumnHidden(FindingsModel::Slice, false);
  table_->horizontalHeader()->resizeSection(FindingsModel::Size, 60);
  table_->horizontalHeader()->resizeSection(FindingsModel::Slice, spans ? 76 : 42);
  table_->verticalHeader()->setDefaultSectionSize(spans ? 30 : 40);
}

void FindingsPanel::set_regions(bool regions) {
  table_->setWordWrap(!regions); // one line a row: a class may have a long name
  table_->horizontalHeader()->resizeSection(FindingsModel::Score, regions ? 56 : 46);
  if (!regions) return;
  model_->set_regions(true);
  table_->setColumnHidden(FindingsModel::Size, false);
  table_->setColumnHidden(FindingsModel::Slice, true);
  table_->horizontalHeader()->resizeSection(FindingsModel::Size, 84);
}

void FindingsPanel::set_label_color(std::function<QColor(const QString&)> color) {
  model_->set_label_color(std::move(color));
}

void FindingsPanel::refresh_colors() { table_->viewport()->update(); }

QString FindingsPanel::selected() const {
  const QModelIndex at = table_->currentIndex();
  return at.isValid() ? at.data(FindingsModel::IdRole).toString() : QString();
}

QString FindingsPanel::neighbour(int step, bool unread_only) const {
  const int count = proxy_->rowCount();
  if (count == 0) return {};
  int row =
      table_->currentIndex().isValid() ? table_->currentIndex().row() : (step > 0 ? -1 : count);
  for (int tried = 0; tried < count; ++tried) {
    row = ((row + step) % count + count) % count;
    const QModelIndex at = proxy_->index(row, 0);
    if (!unread_only ||
        at.data(FindingsModel::LookRole).toInt() == static_cast<int>(FindingLook::Machine))
      return at.data(FindingsModel::IdRole).toString();
  }
  return {};
}

const FindingItem* FindingsPanel::item(const QString& id) const {
  return model_->item(model_->row_of(id));
}
int FindingsPanel::shown_count() const { return proxy_->rowCount(); }

void FindingsPanel::select(const QString& id) {
  const int row = model_->row_of(id);
  if (row < 0 || id == selected()) return;
  const QModelIndex at = proxy_->mapFromSource(model_->index(row, 0));
  if (!at.isValid()) return;
  table_->setCurrentIndex(at);
  table_->scrollTo(at, QAbstractItemView::EnsureVisible);
}

void FindingsPanel::set_order(int index) { order_->setCurrentIndex(index); }
void FindingsPanel::focus_filter() { filter_->setFocus(); }

void FindingsPanel::apply_order() {
  static constexpr std::pair<int, Qt::SortOrder> orders[] = {
      {FindingsModel::Crop, Qt::DescendingOrder},
      {FindingsModel::Slice, Qt::AscendingOrder},
      {FindingsModel::Score, Qt::DescendingOrder},
      {FindingsModel::Size, Qt::DescendingOrder}};
  const auto [column, direction] = orders[std::clamp(order_->currentIndex(), 0, 3)];
  table_->sortByColumn(column, direction);
  table_->horizontalHeader()->setSortIndicatorShown(column != FindingsModel::Crop);
}

void FindingsPanel::update_summary() {
  int unread = 0, rejected = 0;
  for (int row = 0; row < model_->rowCount(); ++row) {
    unread += model_->item(row)->look == FindingLook::Machine;
    rejected += model_->item(row)->look == FindingLook::Rejected;
  }
  const int all = model_->rowCount();
  const QString text =
      QString("%1 counted, %2 to read, %3 rejected").arg(all - rejected).arg(unread).arg(rejected);
  const char* stop = remark_.endsWith('.') ? "" : ".";
  summary_->setText(all && !remark_.isEmpty() ? text + "\n" + remark_ + stop
                    : all                     ? text
                                              : QString());
  emit summary_changed(text);
}

}
