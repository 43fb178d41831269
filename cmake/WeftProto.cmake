# weft_proto(TARGET name PROTOS file... [IMPORT_DIRS dir...] [DEPS target...])
#
# A static library of the messages (protobuf's C++) and services (protoc-gen-weft's) of .proto files:
#
#     weft_proto(TARGET greeter_proto PROTOS greeter.proto)
#     target_link_libraries(server PRIVATE greeter_proto weft::weft)     # #include "greeter.weft.h"
#
# A file is known to others by its path below an import directory; without IMPORT_DIRS that is the current
# source directory. So `PROTOS api/greeter.proto` is imported as "api/greeter.proto" and included as
# "api/greeter.weft.h"; with `IMPORT_DIRS api` both lose the "api/". DEPS names libraries that weft_proto()
# made before, whose files these import. What is generated lies in the build directory.
#
# It works the same in weft's own build, below add_subdirectory(weft), and after find_package(weft).

# What is not used of a static library's objects, a linker drops function by function, as long as whoever links has
# --gc-sections: weft::base says so to everything that links weft.
function(weft_droppable_functions target)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endfunction()

function(weft_proto)
  cmake_parse_arguments(ARG "" "TARGET" "PROTOS;IMPORT_DIRS;DEPS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "weft_proto: unknown argument ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_TARGET OR NOT ARG_PROTOS)
    message(FATAL_ERROR "weft_proto: TARGET and PROTOS are required")
  endif()
  if(NOT TARGET weft::protoc-gen-weft)
    message(FATAL_ERROR "weft_proto: the generator, weft::protoc-gen-weft, is missing")
  endif()
  # Again in every directory that uses it: what find_package() defines is not seen in sibling directories.
  find_package(Protobuf REQUIRED)

  _weft_proto_import_dirs(roots imports)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.generated)
  file(MAKE_DIRECTORY ${generated})
  set(flags ${roots} ${imports})
  list(REMOVE_DUPLICATES flags)
  list(TRANSFORM flags PREPEND "--proto_path=")

  set(sources)
  foreach(proto IN LISTS ARG_PROTOS)
    _weft_proto_generate(${proto} sources)
  endforeach()

  add_library(${ARG_TARGET} STATIC ${sources})
  target_compile_features(${ARG_TARGET} PUBLIC cxx_std_20)
  weft_droppable_functions(${ARG_TARGET})
  # SYSTEM: what protobuf generates is not clean under every warning a user may have on.
  target_include_directories(${ARG_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${generated}>)
  target_link_libraries(${ARG_TARGET} PUBLIC ${ARG_DEPS} weft::rpc protobuf::libprotobuf)
  set_target_properties(${ARG_TARGET} PROPERTIES WEFT_PROTO_DIRS "${roots};${imports}"
                                                 WEFT_GENERATED_DIR ${generated})
  if(WEFT_SANITIZE AND COMMAND weft_compile_options)
    weft_compile_options(${ARG_TARGET})
  endif()
endfunction()

# roots: where the target's own files are named from. imports: the same of the targets it depends on.
macro(_weft_proto_import_dirs roots imports)
  set(${roots})
  foreach(dir IN LISTS ARG_IMPORT_DIRS)
    get_filename_component(dir ${dir} ABSOLUTE)
    list(APPEND ${roots} ${dir})
  endforeach()
  if(NOT ${roots})
    set(${roots} ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(${imports})
  foreach(dep IN LISTS ARG_DEPS)
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "weft_proto: ${dep} in DEPS of ${ARG_TARGET} is not a target (yet)")
    endif()
    get_target_property(dirs ${dep} WEFT_PROTO_DIRS)
    if(dirs)
      list(APPEND ${imports} ${dirs})
    endif()
  endforeach()
endmacro()

# Sets `name` to the path of a file below the first root that contains it.
macro(_weft_proto_name proto name)
  set(${name})
  foreach(root IN LISTS roots)
    file(RELATIVE_PATH relative ${root} ${proto})
    if(NOT ${name} AND NOT relative MATCHES "^\\.\\./" AND NOT IS_ABSOLUTE "${relative}")
      set(${name} ${relative})
    endif()
  endforeach()
  if(NOT ${name})
    message(FATAL_ERROR "weft_proto: ${proto} lies in none of the import directories: ${roots}")
  endif()
endmacro()

# Adds the rule that generates one file's code and appends the sources to the list `out`.
function(_weft_proto_generate proto out)
  get_filename_component(proto ${proto} ABSOLUTE)
  _weft_proto_name(${proto} name)
  string(REGEX REPLACE "\\.proto$" "" base ${name})
  set(stem ${generated}/${base})
  get_filename_component(dir ${stem} DIRECTORY)
  file(MAKE_DIRECTORY ${dir})
  # In the order of protoc's dependency file, which is the alphabet's: Ninja takes the first of each for the rule's name
  # and runs the rule again in every build when the two differ.
  add_custom_command(
    OUTPUT ${stem}.pb.cc ${stem}.pb.h ${stem}.weft.cc ${stem}.weft.h
    COMMAND protobuf::protoc ${flags} --plugin=protoc-gen-weft=$<TARGET_FILE:weft::protoc-gen-weft>
            --cpp_out=${generated} --weft_out=${generated} --dependency_out=${stem}.d ${proto}
    DEPENDS ${proto} weft::protoc-gen-weft
    DEPFILE ${stem}.d
    COMMENT "Generating ${name}"
    VERBATIM)
  set_source_files_properties(${stem}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
  set_source_files_properties(${stem}.pb.cc ${stem}.weft.cc PROPERTIES SKIP_LINTING ON)
  set(${out} ${${out}} ${stem}.pb.cc ${stem}.weft.cc PARENT_SCOPE)
endfunction()
