# zstd::libzstd_shared. The name is upstream's; Ubuntu 22.04's package brings no CMake files.
if(TARGET zstd::libzstd_shared)
  # Found before, or the project's own.
  set(zstd_FOUND TRUE)
  return()
endif()
find_package(zstd CONFIG QUIET)
if(NOT TARGET zstd::libzstd_shared)
  find_path(ZSTD_INCLUDE_DIR zstd.h)
  find_library(ZSTD_LIBRARY zstd)
  include(FindPackageHandleStandardArgs)
  find_package_handle_standard_args(zstd REQUIRED_VARS ZSTD_LIBRARY ZSTD_INCLUDE_DIR)
  if(zstd_FOUND)
    add_library(zstd::libzstd_shared UNKNOWN IMPORTED)
    set_target_properties(zstd::libzstd_shared PROPERTIES
                          IMPORTED_LOCATION ${ZSTD_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${ZSTD_INCLUDE_DIR})
  endif()
  mark_as_advanced(ZSTD_INCLUDE_DIR ZSTD_LIBRARY)
endif()
