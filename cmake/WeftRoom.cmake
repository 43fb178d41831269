# weft_room(NAME [FOLDERS folder...] DEPS target... [PRIVATE_DEPS target...] [COLD pattern...])
#
# One folder under weft/ is one library: every *.cc of the folder, less *_test.cc (one GoogleTest program
# per room), *_bench.cc (one Google Benchmark program per room) and *_fuzz.cc (one program per file).
# What stands in internal/ belongs to it too, and what stands in FOLDERS and their internal/.
# A room that sets WEFT_TEST_DEPS has its test, benchmark and fuzz programs linked with these targets too.
#
# COLD names files (globs) that are not on the way of a call: they are compiled for size, which makes them half
# as large. docs/adr/0010-cold-files-are-compiled-for-size.md says what belongs there.

include(CheckCXXCompilerFlag)

set(WEFT_WARNINGS -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Warns of `"text" + std::string()` with -O3 (GCC bug 105651).
  list(APPEND WEFT_WARNINGS -Wno-restrict)
endif()
set(WEFT_FUZZ_REPLAY_MAIN ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc)
set(WEFT_FUZZ_CORPUS ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus)

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
    if(WEFT_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
      # Asio's fences, which ThreadSanitizer does not see, stand beside a mutex that it does.
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
  endif()
  if(WEFT_BUILD_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# Lets a library's code be part of a shared library: a plug-in's, a Python extension's, or its own with BUILD_SHARED_LIBS.
# What that would cost a program is taken back: g++ inlines functions as if nobody could replace them (clang does so
# anyhow), and linkers replace what finds variables of threads by its short form. docs/adr/0018-weft-is-linked-beside-anything.md has the
# figures.
function(weft_position_independent target)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
endfunction()

# Compiles sources for size where the build optimises at all; the last -O on a command line counts. g++ for x86 copies
# memory with `rep movsb` then, which is slow where there is little of it. Inline functions of cold files may be the ones
# that hot files call (a program has one of each), so memory is copied by the C library here as there.
check_cxx_compiler_flag(-mstringop-strategy=libcall WEFT_HAS_STRINGOP_STRATEGY)
function(weft_compile_for_size)
  set(options -Os)
  if(WEFT_HAS_STRINGOP_STRATEGY)
    list(APPEND options -mstringop-strategy=libcall)
  endif()
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS "$<$<CONFIG:Release,RelWithDebInfo>:${options}>")
endfunction()

# What most test files begin with, compiled once for a test program: GoogleTest alone takes a second of each file. A
# program of few files would pay more than it saves. None of weft's own headers, since weft::testing hides ::testing.
function(weft_precompile_test_headers name sources)
  list(LENGTH sources count)
  if(WEFT_TEST_PCH AND count GREATER 3)
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h> <functional> <map> <memory> <string>
                                              <vector>)
  endif()
endfunction()

# ctest knows each case by name. The cases are listed when ctest runs, so a cross build does not execute them.
function(weft_register_cases name labels)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 120 LABELS "${labels}")
endfunction()

# A process for each case costs a sanitizer more than the cases do, so ctest knows the program in two halves, which run
# beside each other. Cases that share a process also show what one leaves behind for the next.
function(weft_register_halves name labels)
  foreach(half RANGE 1)
    add_test(NAME ${name}.${half} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}.${half} PROPERTIES TIMEOUT 600 LABELS "${labels}"
                         ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${half}")
  endforeach()
endfunction()

# weft_test(NAME SOURCES file... DEPS target... [LABELS label...]): a GoogleTest program.
function(weft_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  weft_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  weft_precompile_test_headers(${name} "${ARG_SOURCES}")
  if(WEFT_SANITIZE)
    weft_register_halves(${name} "${ARG_LABELS}")
  else()
    weft_register_cases(${name} "${ARG_LABELS}")
  endif()
endfunction()

# weft_fuzz(FILE DEPS target...): LLVMFuzzerTestOneInput of x_fuzz.cc becomes the program x_fuzz.
#
# - With WEFT_BUILD_FUZZ it is a libFuzzer program, which is led by what all of weft covers.
# - With clang's AddressSanitizer it is one that is led by its own file only, and links what the tests link: CI keeps the
#   targets alive with these, and compiles nothing twice.
# - Elsewhere it replays inputs.
#
# A test build replays those kept in tests/fuzz/corpus/x, so that what was found once stays found, with any compiler.
function(weft_fuzz file)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  get_filename_component(name ${file} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" corpus ${name})
  set(replay ${WEFT_FUZZ_CORPUS}/${corpus})
  if(WEFT_BUILD_FUZZ OR (WEFT_SANITIZE MATCHES address AND CMAKE_CXX_COMPILER_ID MATCHES Clang))
    add_executable(${name} ${file})
    target_compile_options(${name} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND PROPERTY WEFT_FUZZ_PROGRAMS ${name})
    if(NOT EXISTS ${replay})
      set(replay)
    endif()
    set(replay -runs=0 ${replay})
  else()
    add_executable(${name} ${file} ${WEFT_FUZZ_REPLAY_MAIN})
  endif()
  if(WEFT_BUILD_TESTS)
    add_test(NAME fuzz_corpus.${corpus} COMMAND ${name} ${replay})
    set_tests_properties(fuzz_corpus.${corpus} PROPERTIES TIMEOUT 120 LABELS fuzz)
  endif()
  weft_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
endfunction()

# weft_bench(NAME SOURCES file... DEPS target...): a Google Benchmark program.
function(weft_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  weft_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} benchmark::benchmark_main)
  set_property(GLOBAL APPEND PROPERTY WEFT_BENCH_PROGRAMS ${name})
endfunction()

function(weft_room name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;DEPS;PRIVATE_DEPS;COLD" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc internal/*.cc)
  foreach(folder IN LISTS ARG_FOLDERS)
    file(GLOB more CONFIGURE_DEPENDS ${folder}/*.cc ${folder}/internal/*.cc)
    if(NOT more)
      message(FATAL_ERROR "weft_room(${name}): no .cc file in ${folder}, which FOLDERS names")
    endif()
    list(APPEND sources ${more})
  endforeach()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benches ${sources})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")

  set(target weft_${name})
  if(sources)
    add_library(${target} ${sources})
    weft_compile_options(${target})
    weft_position_independent(${target})
    weft_droppable_functions(${target})
    foreach(pattern IN LISTS ARG_COLD)
      file(GLOB cold CONFIGURE_DEPENDS ${pattern})
      list(FILTER cold EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
      if(NOT cold)
        message(FATAL_ERROR "weft_room(${name}): no file matches ${pattern} in COLD")
      endif()
      weft_compile_for_size(${cold})
    endforeach()
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
    weft_test(${target}_test SOURCES ${tests} DEPS ${target} ${WEFT_TEST_DEPS} LABELS ${name})
  endif()
  if(WEFT_BUILD_BENCH AND benches)
    weft_bench(${target}_bench SOURCES ${benches} DEPS ${target} ${WEFT_TEST_DEPS})
  endif()
  if(WEFT_BUILD_TESTS OR WEFT_BUILD_FUZZ)
    foreach(file IN LISTS fuzzers)
      weft_fuzz(${file} DEPS ${target} ${WEFT_TEST_DEPS})
    endforeach()
  endif()
endfunction()

# Leaves the names of the benchmark and fuzz programs where ./dev finds them.
function(weft_write_program_lists)
  foreach(kind BENCH FUZZ)
    get_property(programs GLOBAL PROPERTY WEFT_${kind}_PROGRAMS)
    string(TOLOWER ${kind} file)
    list(JOIN programs "\n" lines)
    file(WRITE ${PROJECT_BINARY_DIR}/${file}_programs.txt "${lines}\n")
  endforeach()
endfunction()
