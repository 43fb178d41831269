# `cmake --install`: headers, libraries, weftConfig.cmake with the targets weft::<room> and weft::weft, the
# weft_proto() function, and the programs protoc-gen-weft and weft.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

get_property(rooms GLOBAL PROPERTY WEFT_ROOM_TARGETS)
install(TARGETS ${rooms} EXPORT weftTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET protoc-gen-weft)
  install(TARGETS protoc-gen-weft EXPORT weftTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
foreach(program weft_cli weft_tool weft)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(EXPORT weftTargets NAMESPACE weft:: DESTINATION ${package_dir})

# Private headers go along: a public header may include one of its own room.
foreach(room IN LISTS WEFT_ROOMS)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/weft/${room} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft
          FILES_MATCHING PATTERN "*.h")
endforeach()
file(GLOB umbrella CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/weft/*.h)
install(FILES ${umbrella} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/weft)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/weftConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/cmake/weftConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change what users see.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/weftConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/weftConfig.cmake
              ${PROJECT_BINARY_DIR}/cmake/weftConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Findc-ares.cmake
              ${PROJECT_SOURCE_DIR}/cmake/Findzstd.cmake
        DESTINATION ${package_dir})
if(EXISTS ${PROJECT_SOURCE_DIR}/cmake/WeftProto.cmake)
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/WeftProto.cmake DESTINATION ${package_dir})
endif()
