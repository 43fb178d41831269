# What weft_proto() makes and refuses, in small projects outside of this build.
find_program(MAKE_COMMAND NAMES gmake make)

# weft_proto_case(NAME [GENERATOR generator] [REFUSED regex])
function(weft_proto_case name)
  cmake_parse_arguments(ARG "" "GENERATOR;REFUSED" "" ${ARGN})
  set(generator ${ARG_GENERATOR})
  if(NOT generator)
    set(generator ${CMAKE_GENERATOR})
  endif()
  string(REGEX REPLACE " .*" "" suffix ${generator})
  string(TOLOWER weft_proto.${name}.${suffix} test)
  add_test(NAME ${test}
           COMMAND ${CMAKE_COMMAND} -DCASE=${name} "-DGENERATOR_NAME=${generator}" "-DREFUSED=${ARG_REFUSED}"
                   -DPLUGIN=$<TARGET_FILE:protoc-gen-weft> -DSOURCE=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
                   -DCOMPILER=${CMAKE_CXX_COMPILER} -DLAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
                   -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/weft_proto/run.cmake)
  set_tests_properties(${test} PROPERTIES TIMEOUT 300 LABELS package)
endfunction()

weft_proto_case(builds_twice GENERATOR Ninja)
if(MAKE_COMMAND)
  weft_proto_case(builds_twice GENERATOR "Unix Makefiles")
endif()
