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
weft_proto_case(services_of_an_existing_library)
weft_proto_case(generated_proto)
weft_proto_case(no_such_file REFUSED "weft_proto.wrong.: there is no file .*/shop/itme.proto, which PROTOS names")
weft_proto_case(no_such_folder REFUSED "there is no folder .*/sohp, which IMPORT_DIRS names")
weft_proto_case(import_found_nowhere
                REFUSED "order.proto imports \"shop/item.proto\", which is in none of the folders .* DEPS, .* IMPORT_DIRS")
weft_proto_case(forgotten_deps
                REFUSED "imports \"shop/item.proto\", which item_proto has the code of; add `DEPS item_proto`")
weft_proto_case(import_without_code
                REFUSED "imports \"shop/price.proto\", whose code no library has; add .*/shop/price.proto to PROTOS")
