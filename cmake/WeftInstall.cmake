# `cmake --install`: headers, libraries, weftConfig.cmake with the targets weft::<room> and weft::weft, the
# weft_proto() function, and the programs protoc-gen-weft and weft.
#
# Install components: `development` is what programs are built with, `tools` the weft command, and `runtime` the shared
# libraries of a build that makes some. Whatever has not been built is left out, so that a build of a few targets can be
# installed too; weftConfig.cmake looks which libraries are there.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

# Each set is found as a whole or not at all. Those beside `core` can be missing; the registry needs SQLite, XML pugixml, PostgreSQL libpq.
get_property(core GLOBAL PROPERTY WEFT_ROOM_TARGETS)
set(weft_sets core)
foreach(set testing registry_server telemetry telemetry_otlp edge edge_client edge_files edge_websocket security security_envoy cache transaction foreign messaging messaging_log messaging_nats codec_xml storage_sqlite storage_postgres testing_sqlite)
  if(weft_${set} IN_LIST core)
    list(REMOVE_ITEM core weft_${set})
    set(${set} weft_${set})
    list(APPEND weft_sets ${set})
  endif()
endforeach()

# Sets `files` to the names that a set's libraries have when they are built.
function(weft_library_files targets files)
  set(names)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      list(APPEND names ${CMAKE_STATIC_LIBRARY_PREFIX}${target}${CMAKE_STATIC_LIBRARY_SUFFIX})
    elseif(type STREQUAL SHARED_LIBRARY)
      list(APPEND names ${CMAKE_SHARED_LIBRARY_PREFIX}${target}${CMAKE_SHARED_LIBRARY_SUFFIX})
    endif()
  endforeach()
  set(${files} "${names}" PARENT_SCOPE)
endfunction()

set(weft_set_files)
foreach(set IN LISTS weft_sets)
  install(TARGETS ${${set}} EXPORT weft_${set}
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development OPTIONAL
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development OPTIONAL)
  weft_library_files("${${set}}" files)
  string(APPEND weft_set_files "set(weft_files_of_${set} \"${files}\")\n")
endforeach()
install(TARGETS protoc-gen-weft EXPORT weft_core
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT development OPTIONAL)
foreach(set IN LISTS weft_sets)
  install(EXPORT weft_${set} FILE weft_${set}.cmake NAMESPACE weft:: DESTINATION ${package_dir} COMPONENT development)
endforeach()
if(TARGET weft_cli)
  install(TARGETS weft_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools OPTIONAL)
endif()

# Private headers go along: a public header may include one of its own room.
foreach(room IN LISTS WEFT_ROOMS)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/weft/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft
          COMPONENT development FILES_MATCHING PATTERN "*.h" PATTERN proto EXCLUDE)
endforeach()
file(GLOB umbrella CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/weft/*.h)
install(FILES ${umbrella} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft COMPONENT development)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/weftConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/cmake/weftConfig.cmake
                              INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
# Before 1.0 a minor version may change what users see.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/weftConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/weftConfig.cmake
              ${PROJECT_BINARY_DIR}/cmake/weftConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Findc-ares.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Findlibpq.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Findzstd.cmake
              ${PROJECT_SOURCE_DIR}/cmake/WeftProto.cmake
        DESTINATION ${package_dir} COMPONENT development)
