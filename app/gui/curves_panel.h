// The loss curves of trainings while they run, one run's or several over each other. Asks
// 'sensorium jobs curves' for what is new and keeps the rest.
#pragma once

#include "modules/view/signal_plot.h"

#include <nlohmann/json.hpp>

#include <QWidget>

#include <map>
#include <vector>

class QComboBox;
class QLabel;

namespace sensorium {

class CommandCall;

struct ShownRun {
  QString token, name;
  bool array = false; // a sweep: its curves are those of its study
  bool ended = false; // nothing new comes
};

inline constexpr int most_compared = 5; // as many colours are told apart

class CurvesPanel : public QWidget {
  Q_OBJECT
public:
  explicit CurvesPanel(const QString& program, QWidget* parent = nullptr);
  // The first most_compared of them are drawn, in these colours: series_color(0), (1) ...
  void set_runs(std::vector<ShownRun> runs);
  void poll(); // asks for what is new
  SignalPlot* plot() const { return plot_; }
  QComboBox* tags() const { return tags_; }
  QString legend() const; // plain text

protected:
  void changeEvent(QEvent* event) override;

private:
  using Curve = std::vector<std::pair<int, double>>;
  struct Followed {
    QString file;
    std::uint64_t next = 0;
    std::map<std::string, Curve> curves;
    bool asked = false, complete = false;
    bool last = false; // it had ended when it was asked
    QString failure;
  };
  void ask(const QString& token);
  void take(const QString& token, bool ok, const nlohmann::json& reply);
  void fill_tags();
  void draw();
  std::vector<std::pair<std::string, QString>> lines_of(const QString& tag) const;

  CommandCall* call_;
  std::vector<ShownRun> runs_;
  std::map<QString, Followed> followed_; // by token
  QComboBox* tags_;
  SignalPlot* plot_;
  QLabel *legend_, *empty_;
};

}
