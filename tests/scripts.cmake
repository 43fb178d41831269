# The checks are tested too: each is fed what it has to refuse.
find_package(Python3 COMPONENTS Interpreter)
if(Python3_FOUND)
  add_test(NAME scripts.checks_refuse_what_they_should
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/checks_test.py)
  add_test(NAME scripts.unprintable_characters_are_those_of_unicode
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/scripts/unicode_test.py)
  set_tests_properties(scripts.checks_refuse_what_they_should scripts.unprintable_characters_are_those_of_unicode
                       PROPERTIES TIMEOUT 120 LABELS scripts)
endif()
