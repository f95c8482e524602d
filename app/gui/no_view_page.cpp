#include "app/gui/no_view_page.h"

#include "app/gui/row_table.h"
#include "modules/view/theme.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableWidget>
#include <QVBoxLayout>

namespace sensorium {

NoViewPage::NoViewPage(const QString& kind, QWidget* parent)
    : DatasetPage(parent), kind_(kind), text_(new QLabel),
      facts_(row_table({"Fact", "Value", "Field in the file"}, "What the file says about itself")) {
  auto* title = new QLabel(QString("No picture of this recording (%1)").arg(kind));
  title->setObjectName("heading");
  text_->setText("This version has no view of this kind of recording. Its pipelines can be run: "
                 "findings, report and exports work as for the others. This is what the file says "
                 "about itself.");
  text_->setObjectName("muted");
  text_->setWordWrap(true);
  facts_->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(3 * grid, 3 * grid, 3 * grid, 3 * grid);
  column->setSpacing(grid);
  column->addWidget(title);
  column->addWidget(text_);
  column->addWidget(facts_, 1);
}

void NoViewPage::show_dataset(std::shared_ptr<const Dataset> dataset) {
  const Origin& origin = origin_of(*dataset);
  std::vector<Fact> facts{{"format", origin.format, ""}};
  facts.insert(facts.end(), origin.facts.begin(), origin.facts.end());
  facts_->setRowCount(0);
  for (const Fact& fact : facts) {
    QStringList cells;
    for (const std::string& cell : {fact.name, fact.value, fact.field})
      cells << QString::fromStdString(cell);
    add_row(*facts_, cells, {});
  }
}

}
