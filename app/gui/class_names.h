// The classes that a result names itself (its table "classes"), where the pipeline's labels are not
// known before the run.
#pragma once

#include "app/gui/case_session.h"

namespace sensorium {

// Empty: the result names none.
QStringList class_names(const Findings& findings);
// What a finding of the open case may be relabelled to: those, else the pipeline's labels.
QStringList labels_of(const CaseSession& session);

}
