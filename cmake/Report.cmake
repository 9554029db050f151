# The report's page: report/ bundled into one HTML file and one script (report/build.mjs), which page.cc embeds.
find_program(NODE NAMES node nodejs REQUIRED)
set(TERTIUM_REPORT_MODULES "${CMAKE_SOURCE_DIR}/.deps/report/node_modules" CACHE PATH
  "Where tools/setup.sh installed what report/package.json names")
if(NOT EXISTS ${TERTIUM_REPORT_MODULES}/esbuild)
  message(FATAL_ERROR "No esbuild under ${TERTIUM_REPORT_MODULES}: run `make build`, which fetches it")
endif()
set(report_folder ${CMAKE_BINARY_DIR}/generated/report)
file(GLOB_RECURSE report_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/report/src/*)

add_custom_command(
  OUTPUT ${report_folder}/page.html ${report_folder}/report.js
  COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/report/build.mjs ${TERTIUM_REPORT_MODULES} ${report_folder}
  DEPENDS ${CMAKE_SOURCE_DIR}/report/build.mjs ${CMAKE_SOURCE_DIR}/report/package-lock.json ${report_sources}
  COMMENT "Bundling the report's page"
  VERBATIM)
set_source_files_properties(tertium/report/page.cc PROPERTIES
  OBJECT_DEPENDS "${report_folder}/page.html;${report_folder}/report.js"
  COMPILE_DEFINITIONS TERTIUM_REPORT_FOLDER="${report_folder}")
