#pragma once

namespace tertium {

/// SQL that makes the views of a results.db (docs/results.md) where they are not there. They are for whoever reads the
/// file by other means; this program reads none, since a file may hold any view.
extern const char kViews[];

}  // namespace tertium
