# c-ares::cares. Debian and Ubuntu build c-ares with autotools, which installs no CMake package.
if(TARGET c-ares::cares)
  # Found before, or the project's own.
  set(c-ares_FOUND TRUE)
  return()
endif()
find_package(c-ares CONFIG QUIET)
if(NOT TARGET c-ares::cares)
  find_path(CARES_INCLUDE_DIR ares.h)
  find_library(CARES_LIBRARY cares)
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(c-ares REQUIRED_VARS CARES_LIBRARY CARES_INCLUDE_DIR)
  if(c-ares_FOUND)
    add_library(c-ares::cares UNKNOWN IMPORTED)
    set_target_properties(c-ares::cares PROPERTIES IMPORTED_LOCATION ${CARES_LIBRARY}
                                                   INTERFACE_INCLUDE_DIRECTORIES ${CARES_INCLUDE_DIR})
  endif()
  mark_as_advanced(CARES_INCLUDE_DIR CARES_LIBRARY)
endif()
