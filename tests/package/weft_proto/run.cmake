# cmake -DCASE=name [-DREFUSED=regex] ... -P run.cmake: configures and builds one case in a directory of its own; with
# REFUSED the configuration fails with that text.
set(work ${BUILD}-weft_proto-${CASE}-${GENERATOR_NAME})
string(REPLACE " " "_" work ${work})
file(REMOVE_RECURSE ${work})

function(run output)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE text ERROR_VARIABLE text)
  set(${output} "${text}" PARENT_SCOPE)
  set(status ${status} PARENT_SCOPE)
endfunction()

function(run_well output)
  run(text ${ARGN})
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${text}")
  endif()
  set(${output} "${text}" PARENT_SCOPE)
endfunction()

function(expect_nothing_to_do when)
  run_well(text ${CMAKE_COMMAND} --build ${work})
  if(text MATCHES "Building|Generating|Linking")
    message(FATAL_ERROR "${when} there is work to do:\n${text}")
  endif()
endfunction()

run(text ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR} -B ${work} -G ${GENERATOR_NAME} -DCASE=${CASE}
    -DGENERATOR=${PLUGIN} -DWEFT_SOURCE=${SOURCE} -DCMAKE_CXX_COMPILER=${COMPILER}
    -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
if(REFUSED)
  string(REGEX REPLACE "[ \n]+" " " text "${text}")
  if(status EQUAL 0 OR NOT text MATCHES "${REFUSED}")
    message(FATAL_ERROR "expected (${status}): ${REFUSED}\n${text}")
  endif()
  file(REMOVE_RECURSE ${work})
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${text}")
endif()

run_well(text ${CMAKE_COMMAND} --build ${work} --parallel 2)
expect_nothing_to_do("after the first build")
if(CASE STREQUAL builds_twice)
  # What is imported is a dependency: its change makes the importer's code again, once.
  file(APPEND ${work}/proto/shop/item.proto "message Another {}\n")
  run_well(text ${CMAKE_COMMAND} --build ${work})
  if(NOT text MATCHES "Generating shop/order.proto")
    message(FATAL_ERROR "an import changed and the code of its importer stayed:\n${text}")
  endif()
  expect_nothing_to_do("after a change")
endif()
file(REMOVE_RECURSE ${work})
