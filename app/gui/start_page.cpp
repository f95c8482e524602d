#include "app/gui/start_page.h"

#include "modules/view/notice_bar.h"
#include "modules/view/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace sensorium {
namespace {

void clear(QLayout* layout) {
  while (QLayoutItem* item = layout->takeAt(0)) {
    delete item->widget();
    delete item;
  }
}

// A button that shows a picture and two lines; one focus stop, one name for screen readers.
class Card : public QPushButton {
public:
  Card(const QPixmap& picture, const QString& title, const QString& caption)
      : picture_(picture), title_(title), caption_(caption) {
    setFixedSize(222, 220); // four beside each other
    setAccessibleName("Sample: " + title);
    setAccessibleDescription(caption);
    setCursor(Qt::PointingHandCursor);
  }

protected:
  void paintEvent(QPaintEvent*) override {
    const ThemeColors& c = theme_colors();
    QPainter p(this);
    p.setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const bool hot = underMouse() || hasFocus();
    p.setPen(QPen(hot ? c.accent : c.border, hot ? 2 : 1));
    p.setBrush(c.panel);
    p.drawRoundedRect(rect().adjusted(1, 1, -1, -1), 6, 6);
    const QRect frame(8, 8, width() - 16, 122);
    p.fillRect(frame, QColor("#101010"));
    if (!picture_.isNull()) {
      const QSize size = picture_.size().scaled(frame.size(), Qt::KeepAspectRatioByExpanding);
      p.setClipRect(frame);
      p.drawPixmap(QRect(frame.center() - QPoint(size.width() / 2, size.height() / 2), size),
                   picture_);
      p.setClipping(false);
    }
    QFont font = p.font();
    font.setBold(true);
    p.setFont(font);
    p.setPen(c.text);
    p.drawText(QRect(12, 138, width() - 24, 20), Qt::AlignVCenter,
               p.fontMetrics().elidedText(title_, Qt::ElideRight, width() - 24));
    font.setBold(false);
    font.setPointSize(small_text);
    p.setFont(font);
    p.setPen(c.muted);
    p.drawText(QRect(12, 160, width() - 24, 52), Qt::TextWordWrap | Qt::AlignTop, caption_);
  }

private:
  QPixmap picture_;
  QString title_, caption_;
};

// What to do first, below the samples: three columns, each with its key.
QWidget* first_steps() {
  auto* box = new QWidget;
  auto* rows = new QGridLayout(box);
  rows->setContentsMargins(0, 12, 0, 0);
  rows->setHorizontalSpacing(12);
  const std::pair<const char*, const char*> steps[] = {
      {"1", "<b>Open a sample.</b> It is analysed while you watch; nothing can go wrong in it."},
      {"2", "<b>Review.</b> The least certain finding comes first. <b>A</b> accepts and <b>R</b> "
            "rejects it and goes on; hold <b>Space</b> to see the scan without marks."},
      {"3", "<b>Report.</b> A PDF with counts, pictures and your decisions. Then sign the case."}};
  int at = 0;
  for (const auto& [number, words] : steps) {
    auto* digit = new QLabel(number);
    digit->setObjectName("title");
    auto* text = new QLabel(words);
    text->setTextFormat(Qt::RichText);
    text->setWordWrap(true);
    text->setMinimumWidth(200);
    rows->addWidget(digit, 0, at++, Qt::AlignTop);
    rows->addWidget(text, 0, at, Qt::AlignTop);
    rows->setColumnStretch(at++, 1);
  }
  return box;
}

QLabel* heading(const QString& text) {
  auto* label = new QLabel(text);
  label->setObjectName("heading");
  return label;
}

}

StartPage::StartPage(QWidget* parent)
    : QWidget(parent), samples_(new QGridLayout), recent_(new QVBoxLayout),
      samples_box_(new QWidget), recent_box_(new QWidget) {
  auto* title = new QLabel("Sensorium");
  title->setObjectName("title");
  auto* what =
      new QLabel("Open a scan, a clip, a cube or a recording. The program measures and proposes, "
                 "you decide, and the report says who decided what.");
  what->setObjectName("muted");
  what->setWordWrap(true);
  auto* file = file_ = new QPushButton("Open file");
  file->setProperty("next", true);
  auto* folder = folder_ = new QPushButton("Open folder");
  auto* many = many_ = new QPushButton("Analyse many files");
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(grid);
  buttons->addWidget(file);
  buttons->addWidget(folder);
  buttons->addWidget(many);
  auto* exam = exam_ = new QPushButton("New exam");
  exam->setToolTip("Several lung ultrasound clips of one patient, zone by zone");
  buttons->addWidget(exam);
  auto* drop = new QLabel("or drop files anywhere in this window");
  drop->setObjectName("muted");
  buttons->addSpacing(grid);
  buttons->addWidget(drop);
  buttons->addStretch(1);
  auto* use = new QLabel("For research and teaching. Not a medical device: it does not diagnose "
                         "and must not guide treatment.");
  use->setObjectName("small");
  use->setWordWrap(true);

  samples_->setSpacing(16);
  samples_->setContentsMargins(0, 0, 0, 0);
  auto* samples_column = new QVBoxLayout(samples_box_);
  samples_column->setContentsMargins(0, 0, 0, 0);
  samples_column->setSpacing(grid);
  samples_column->addWidget(heading("Try a sample"));
  auto* cards = new QHBoxLayout;
  cards->addLayout(samples_);
  cards->addStretch(1);
  samples_column->addLayout(cards);
  samples_column->addWidget(first_steps());
  recent_->setSpacing(2);
  auto* recent_column = new QVBoxLayout(recent_box_);
  recent_column->setContentsMargins(0, 0, 0, 0);
  recent_column->setSpacing(grid);
  recent_column->addWidget(heading("Recent cases and exams"));
  recent_column->addLayout(recent_);

  auto* inside = new QWidget;
  inside->setMaximumWidth(1000);
  auto* column = new QVBoxLayout(inside);
  column->setContentsMargins(32, 40, 32, 24);
  column->setSpacing(grid);
  column->addWidget(title);
  column->addWidget(what);
  column->addSpacing(grid);
  column->addLayout(buttons);
  auto* formats = new QLabel(
      "Scans and clips: Heidelberg .vol and .xml, DICOM, NIfTI, NRRD, MetaImage, TIFF, PNG, JPEG, "
      "video. Cubes: ENVI, MATLAB, HDF5, GeoTIFF. Recordings: CSV, COMTRADE, TDMS, WAV, MATLAB. "
      "Files stay where they are and are never changed.");
  formats->setObjectName("small");
  formats->setWordWrap(true);
  column->addWidget(formats);
  column->addSpacing(24);
  column->addWidget(samples_box_);
  column->addSpacing(24);
  column->addWidget(recent_box_);
  column->addStretch(1);
  column->addWidget(use);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidget(inside);
  scroll->setAlignment(Qt::AlignHCenter | Qt::AlignTop);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 0, 0, 0);
  all->addWidget(scroll);
  connect(file, &QPushButton::clicked, this, &StartPage::open_file);
  connect(folder, &QPushButton::clicked, this, &StartPage::open_folder);
  connect(many, &QPushButton::clicked, this, &StartPage::open_many);
  connect(exam, &QPushButton::clicked, this, &StartPage::new_exam);
}

QWidget* StartPage::sample_card(const Sample& sample) {
  auto* card = new Card(QPixmap(QString::fromStdString(sample.picture.string())), sample.title,
                        sample.caption);
  connect(card, &QPushButton::clicked, this, [this, id = sample.id] { emit sample_chosen(id); });
  return card;
}

QPushButton* StartPage::row(const QString& title, const QString& state_words,
                            const QDateTime& when) {
  auto* row = new QPushButton;
  row->setFlat(true);
  row->setFixedHeight(36);
  row->setAccessibleName(QString("%1, %2").arg(title, state_words));
  auto* line = new QHBoxLayout(row);
  line->setContentsMargins(grid, 0, grid, 0);
  line->setSpacing(16);
  auto* name = new ElidedLabel(title);
  auto* state = new QLabel(state_words);
  auto* time = new QLabel(QLocale().toString(when.toLocalTime(), "d MMM yyyy, hh:mm"));
  state->setObjectName("muted");
  time->setObjectName("muted");
  for (QWidget* w :
       {static_cast<QWidget*>(name), static_cast<QWidget*>(state), static_cast<QWidget*>(time)})
    w->setAttribute(Qt::WA_TransparentForMouseEvents);
  line->addWidget(name, 1);
  line->addWidget(state);
  line->addWidget(time);
  return row;
}

QWidget* StartPage::case_row(const CaseEntry& entry) {
  QPushButton* out = row(entry.title, text_of(entry.state), entry.opened);
  out->setToolTip(entry.source);
  connect(
      out, &QPushButton::clicked, this,
      [this, folder = QString::fromStdString(entry.folder.string())] { emit case_chosen(folder); });
  return out;
}

QWidget* StartPage::exam_row(const ExamEntry& entry) {
  QPushButton* out = row("Exam of lung ultrasound clips",
                         QString("%1 clip%2%3")
                             .arg(entry.clips)
                             .arg(entry.clips == 1 ? "" : "s", entry.is_signed ? ", signed" : ""),
                         entry.created);
  connect(
      out, &QPushButton::clicked, this,
      [this, folder = QString::fromStdString(entry.folder.string())] { emit exam_chosen(folder); });
  return out;
}

void StartPage::refresh(const std::vector<Sample>& samples, const std::vector<CaseEntry>& cases,
                        const std::vector<ExamEntry>& exams) {
  clear(samples_);
  clear(recent_);
  int n = 0;
  for (const Sample& sample : samples) {
    samples_->addWidget(sample_card(sample), n / 4, n % 4);
    ++n;
  }
  file_->setIcon(icon("open", theme_colors().accent_text));
  folder_->setIcon(icon("folder"));
  many_->setIcon(icon("cases"));
  exam_->setIcon(icon("layers"));
  for (std::size_t i = 0; i < exams.size() && i < 3; ++i) recent_->addWidget(exam_row(exams[i]));
  for (std::size_t i = 0; i < cases.size() && i < 8; ++i) recent_->addWidget(case_row(cases[i]));
  // Tab goes through them as they are read, not as they were made.
  QWidget* before = exam_;
  for (QLayout* layout : {static_cast<QLayout*>(samples_), static_cast<QLayout*>(recent_)})
    for (int i = 0; i < layout->count(); ++i) {
      setTabOrder(before, layout->itemAt(i)->widget());
      before = layout->itemAt(i)->widget();
    }
  samples_box_->setVisible(!samples.empty());
  recent_box_->setVisible(!cases.empty() || !exams.empty());
}

}
