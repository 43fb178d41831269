# weft_room(NAME DEPS target... [PRIVATE_DEPS target...])
#
# One folder under weft/ is one library: every *.cc of the folder, less *_test.cc (one GoogleTest program
# per room), *_bench.cc (one Google Benchmark program per room) and *_fuzz.cc.

set(WEFT_WARNINGS -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual)

# What every target of ours is compiled with.
function(weft_compile_options target)
  target_compile_options(${target} PRIVATE ${WEFT_WARNINGS})
  if(WEFT_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(WEFT_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${WEFT_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${WEFT_SANITIZE})
  endif()
endfunction()

# weft_test(NAME SOURCES file... DEPS target...): a GoogleTest program whose cases ctest knows by name.
function(weft_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  weft_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()

function(weft_room name)
  cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc internal/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")

  set(target weft_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    weft_compile_options(${target})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(weft::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} ${scope} ${ARG_DEPS})
  if(ARG_PRIVATE_DEPS)
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE_DEPS})
  endif()
  set_property(GLOBAL APPEND PROPERTY WEFT_ROOM_TARGETS ${target})

  if(WEFT_BUILD_TESTS AND tests)
    weft_test(${target}_test SOURCES ${tests} DEPS ${target} ${WEFT_TEST_DEPS})
  endif()
  if(WEFT_BUILD_BENCH AND benches)
    add_executable(${target}_bench ${benches})
    weft_compile_options(${target}_bench)
    target_link_libraries(${target}_bench PRIVATE ${target} benchmark::benchmark_main)
  endif()
endfunction()
