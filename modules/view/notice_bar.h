// One line above the data: what happened, to which file, what to do; with a button where there is a
// way out. It never blocks the window.
#pragma once

#include <QFrame>

#include <functional>

class QLabel;
class QPushButton;

namespace sensorium {

class NoticeBar : public QFrame {
  Q_OBJECT
public:
  explicit NoticeBar(QWidget* parent = nullptr);
  // button empty: none. The bar goes when it is closed, its button pressed, or clear() called.
  void show_message(const QString& message, const QString& hint, const QString& button = {},
                    std::function<void()> act = {});
  // The same for good news: no warning colour.
  void show_news(const QString& message, const QString& button = {},
                 std::function<void()> act = {});
  QString message() const;
  QString button_text() const;

public slots:
  void clear();
  void clear_news(); // a warning stays
  void press();

private:
  void set_tone(const char* tone);
  QLabel* message_;
  QLabel* hint_;
  QPushButton* button_;
  std::function<void()> act_;
};

// A label that shortens its text with an ellipsis; the tooltip has all of it.
class ElidedLabel : public QFrame {
  Q_OBJECT
public:
  explicit ElidedLabel(const QString& text = {}, QWidget* parent = nullptr);
  void set_text(const QString& text);
  QString text() const { return text_; }
  void set_mode(Qt::TextElideMode mode) { mode_ = mode; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

protected:
  void paintEvent(QPaintEvent*) override;

private:
  QString text_;
  Qt::TextElideMode mode_ = Qt::ElideMiddle;
};

}
