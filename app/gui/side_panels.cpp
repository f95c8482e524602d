#include "app/gui/side_panels.h"

#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"

#include <QClipboard>
#include <QComboBox>
#include <QFormLayout>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QTime>
#include <QVBoxLayout>

#include <cmath>
#include <map>

namespace sensorium {
namespace {

// The state as a shape as well as a colour: ring, half, full, square.
QIcon state_dot(CaseState state) {
  QPixmap pixmap(32, 32);
  pixmap.fill(Qt::transparent);
  QPainter p(&pixmap);
  p.setRenderHint(QPainter::Antialiasing);
  const QColor color = state == CaseState::New        ? theme_colors().muted
                       : state == CaseState::Analysed ? QColor("#e69f00")
                       : state == CaseState::InReview ? QColor("#2f9bd6")
                                                      : QColor("#1fa57d");
  p.setPen(QPen(color, 3));
  const QRect box(8, 8, 16, 16);
  if (state == CaseState::Signed) p.fillRect(box, color);
  if (state != CaseState::Signed) p.drawEllipse(box);
  p.setBrush(color);
  if (state == CaseState::InReview) p.drawPie(box, 90 * 16, -180 * 16);
  if (state == CaseState::Analysed) p.drawEllipse(box);
  return QIcon(pixmap);
}

QLabel* muted(const QString& text) {
  auto* label = new QLabel(text);
  label->setObjectName("muted");
  label->setWordWrap(true);
  return label;
}

}

CasesPanel::CasesPanel(QWidget* parent)
    : QWidget(parent), list_(new QListWidget), state_(new QComboBox), search_(new QLineEdit),
      empty_(muted("Cases that you open are listed here.")) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  search_->setPlaceholderText("Search cases");
  search_->setClearButtonEnabled(true);
  search_->setAccessibleName("Search cases");
  state_->addItems({"All states", "New", "Analysed", "In review", "Signed"});
  state_->setAccessibleName("State of the cases listed");
  list_->setAccessibleName("Cases");
  list_->setTextElideMode(Qt::ElideMiddle);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  empty_->setContentsMargins(4, 8, 4, 0);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addWidget(search_);
  all->addWidget(state_);
  all->addWidget(empty_);
  all->addWidget(list_, 1);
  const auto choose = [this](QListWidgetItem* item) {
    emit case_chosen(item->data(Qt::UserRole).toString());
  };
  connect(list_, &QListWidget::itemActivated, this, choose);
  connect(list_, &QListWidget::itemClicked, this, choose);
  connect(search_, &QLineEdit::textChanged, this, [this] { apply_filter(); });
  connect(state_, &QComboBox::currentIndexChanged, this, [this] { apply_filter(); });
}

void CasesPanel::apply_filter() {
  const int wanted = state_->currentIndex() - 1;
  for (int i = 0; i < list_->count(); ++i) {
    QListWidgetItem* item = list_->item(i);
    const bool fits = wanted < 0 || item->data(Qt::UserRole + 1).toInt() == wanted;
    item->setHidden(!fits || !item->text().contains(search_->text(), Qt::CaseInsensitive));
  }
  empty_->setText(list_->count() > 0 ? "No case fits the search."
                                     : "Cases that you open are listed here.");
  empty_->setVisible(shown_count() == 0);
}

int CasesPanel::shown_count() const {
  int shown = 0;
  for (int i = 0; i < list_->count(); ++i) shown += !list_->item(i)->isHidden();
  return shown;
}

void CasesPanel::set_cases(const std::vector<CaseEntry>& cases,
                           const std::filesystem::path& current) {
  const QSignalBlocker block(list_);
  list_->clear();
  std::map<QString, int> named;
  for (const CaseEntry& entry : cases) ++named[entry.title];
  for (const CaseEntry& entry : cases) {
    // Of two cases of one recording the pipeline tells which is which.
    const QString state = named[entry.title] > 1 ? entry.pipeline + "\n" + text_of(entry.state)
                                                 : text_of(entry.state);
    auto* item = new QListWidgetItem(state_dot(entry.state),
                                     QString("%1\n%2").arg(entry.title, state), list_);
    item->setData(Qt::UserRole + 1, static_cast<int>(entry.state));
    item->setData(Qt::UserRole, QString::fromStdString(entry.folder.string()));
    item->setToolTip(QString("%1\n%2, %3").arg(entry.source, entry.pipeline, text_of(entry.state)));
    item->setData(Qt::AccessibleTextRole,
                  QString("%1, %2").arg(entry.title, state).replace('\n', ", "));
    if (entry.folder == current) list_->setCurrentItem(item);
  }
  search_->setVisible(!cases.empty());
  state_->setVisible(cases.size() > 1);
  apply_filter();
}

int CasesPanel::count() const { return list_->count(); }

ProvenancePanel::ProvenancePanel(QWidget* parent)
    : QWidget(parent), form_(new QFormLayout), notes_(muted({})), command_(new QPlainTextEdit),
      copy_(new QPushButton(icon("copy"), "Copy command")), filled_(new QWidget),
      empty_(muted("After a run: which file, model, parameters and scale made this result, and the "
                   "command that makes it again.")) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  form_->setContentsMargins(0, 0, 0, 0);
  form_->setHorizontalSpacing(16);
  form_->setVerticalSpacing(6);
  form_->setRowWrapPolicy(QFormLayout::DontWrapRows);
  form_->setLabelAlignment(Qt::AlignLeft);
  command_->setReadOnly(true);
  command_->setFixedHeight(88);
  command_->setAccessibleName("Command that makes this result again");
  QFont mono("DejaVu Sans Mono");
  mono.setPointSize(small_text);
  command_->setFont(mono);
  empty_->setContentsMargins(grid, 16, grid, 0);
  auto* column = new QVBoxLayout(filled_);
  column->setContentsMargins(grid, grid, grid, grid);
  column->setSpacing(grid);
  column->addLayout(form_);
  column->addWidget(notes_);
  column->addWidget(muted("The same result on the command line or a cluster:"));
  column->addWidget(command_);
  column->addWidget(copy_, 0, Qt::AlignLeft);
  column->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidget(filled_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addWidget(empty_);
  all->addWidget(scroll, 1);
  filled_->hide();
  connect(copy_, &QPushButton::clicked, this, [this] {
    QGuiApplication::clipboard()->setText(command());
    copy_->setText("Copied");
  });
}

void ProvenancePanel::set_content(const std::vector<ProvenanceRow>& rows, const QString& command,
                                  const QStringList& notes) {
  while (form_->rowCount() > 0) form_->removeRow(0);
  for (const ProvenanceRow& row : rows) {
    auto* value = new ElidedLabel(row.value);
    value->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    form_->addRow(muted(row.name), value);
  }
  notes_->setText(notes.join("\n"));
  notes_->setVisible(!notes.isEmpty());
  command_->setPlainText(command);
  copy_->setText("Copy command");
  filled_->setVisible(!rows.empty());
  empty_->setVisible(rows.empty());
}

QString ProvenancePanel::command() const { return command_->toPlainText(); }

JobsPanel::JobsPanel(QWidget* parent)
    : QWidget(parent), title_(new ElidedLabel("Nothing runs.")), bar_(new QProgressBar),
      stop_(new QPushButton(icon("stop"), "Stop")), log_(new QPlainTextEdit) {
  setObjectName("panel");
  setAttribute(Qt::WA_StyledBackground);
  bar_->setRange(0, 1000);
  bar_->setTextVisible(false);
  bar_->setFixedSize(220, 6);
  bar_->setAccessibleName("Progress");
  log_->setReadOnly(true);
  log_->setMaximumBlockCount(2000);
  log_->setAccessibleName("Log");
  auto* line = new QHBoxLayout;
  line->setSpacing(grid);
  line->addWidget(title_, 1);
  line->addWidget(bar_);
  line->addWidget(stop_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(grid, grid, grid, grid);
  all->setSpacing(grid);
  all->addLayout(line);
  all->addWidget(log_, 1);
  connect(stop_, &QPushButton::clicked, this, &JobsPanel::cancel_requested);
  bar_->hide();
  stop_->hide();
}

void JobsPanel::start(const QString& title) {
  title_->set_text(title);
  bar_->setValue(0);
  bar_->show();
  stop_->show();
}

void JobsPanel::progress(double fraction, const QString& text) {
  bar_->setValue(static_cast<int>(std::lround(fraction * 1000)));
  title_->set_text(text);
}

void JobsPanel::finish(const QString& outcome) {
  title_->set_text(outcome);
  bar_->hide();
  stop_->hide();
  log("info", outcome);
}

void JobsPanel::log(const QString& level, const QString& text) {
  log_->appendPlainText(QTime::currentTime().toString("hh:mm:ss  ") +
                        (level == "warning" ? "warning: " : "") + text);
}

QString JobsPanel::log_text() const { return log_->toPlainText(); }

}
