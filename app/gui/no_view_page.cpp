#include "app/gui/no_view_page.h"

#include "modules/view/theme.h"

#include <QHeaderView>
#include <QLabel>
#include <QTableWidget>
#include <QVBoxLayout>

namespace sensorium {

NoViewPage::NoViewPage(const QString& kind, QWidget* parent)
    : DatasetPage(parent), kind_(kind), text_(new QLabel), facts_(new QTableWidget) {
  auto* title = new QLabel(QString("No picture of this recording (%1)").arg(kind));
  title->setObjectName("heading");
  text_->setText("This version has no view of this kind of recording. Its pipelines can be run: "
                 "findings, report and exports work as for the others. This is what the file says "
                 "about itself.");
  text_->setObjectName("muted");
  text_->setWordWrap(true);
  facts_->setColumnCount(3);
  facts_->setHorizontalHeaderLabels({"Fact", "Value", "Field in the file"});
  facts_->setAccessibleName("What the file says about itself");
  facts_->setEditTriggers(QAbstractItemView::NoEditTriggers);
  facts_->setShowGrid(false);
  facts_->setTabKeyNavigation(false);
  facts_->verticalHeader()->hide();
  facts_->verticalHeader()->setDefaultSectionSize(28);
  facts_->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
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
  facts_->setRowCount(static_cast<int>(facts.size()));
  for (int row = 0; row < facts_->rowCount(); ++row) {
    const Fact& fact = facts[static_cast<std::size_t>(row)];
    int column = 0;
    for (const std::string& cell : {fact.name, fact.value, fact.field})
      facts_->setItem(row, column++, new QTableWidgetItem(QString::fromStdString(cell)));
  }
}

}
