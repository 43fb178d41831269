# WEFT_VERSION: "0.2.0", as weft/version.h says.
set(WEFT_VERSION)
foreach(part MAJOR MINOR PATCH)
  file(STRINGS ${CMAKE_CURRENT_LIST_DIR}/../weft/version.h line REGEX "^#define WEFT_VERSION_${part} [0-9]+$")
  string(REGEX REPLACE ".* " "" number "${line}")
  list(APPEND WEFT_VERSION ${number})
endforeach()
list(JOIN WEFT_VERSION "." WEFT_VERSION)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/../weft/version.h)
