# Writes to OUT a ctest for each suite of the test program BINARY, by the script RUN. Reference has one of its own.
execute_process(COMMAND ${BINARY} --gtest_list_tests OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE ";" "," listed "${listed}")  # of parameters' values
string(REPLACE "\n" ";" lines "${listed}")
set(tests "")
foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z0-9_/]+)\\." AND NOT CMAKE_MATCH_1 STREQUAL Reference)
    set(suite ${CMAKE_MATCH_1})
    string(APPEND tests "add_test(\"${suite}\" \"${RUN}\" \"${BINARY}\" \"${suite}.*\")\n"
      "set_tests_properties(\"${suite}\" PROPERTIES TIMEOUT 900 SKIP_RETURN_CODE 77)\n")
  endif()
endforeach()
file(WRITE ${OUT} "${tests}")
