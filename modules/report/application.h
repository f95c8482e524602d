// Private to modules/report.
#pragma once

namespace sensorium {

// Qt needs an application before it sets text; the command line has none.
void ensure_application();

}
