#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace tertium {

/// A report_document as one HTML page that needs no network: the data deflated and in base64, so that no text of a
/// data set or a model stands in the markup.
std::string report_page(const nlohmann::ordered_json& document);

/// The page's program, which also draws figures where there is no page: behind it `tertiumReport.plot` can be called.
std::string_view report_script();

}  // namespace tertium
