# weft_proto(TARGET name PROTOS file... [IMPORT_DIRS dir...] [DEPS target...] [MESSAGES target] [CALLS])
#
# A static library of the messages (protobuf's C++) and services (protoc-gen-weft's) of .proto files:
#
#     weft_proto(TARGET greeter_proto PROTOS greeter.proto)
#     target_link_libraries(server PRIVATE greeter_proto weft::weft)     # #include "greeter.weft.h"
#
# A file is known to others by its path below an import directory; without IMPORT_DIRS that is the current
# source directory. So `PROTOS api/greeter.proto` is imported as "api/greeter.proto" and included as
# "api/greeter.weft.h"; with `IMPORT_DIRS api` both lose the "api/". DEPS names the libraries whose files these
# import. What is generated lies in the build directory.
#
# MESSAGES names a library that has the messages of these files already, such as one of protobuf_generate(): only the
# services are generated then, and that library is linked. It has to give its users the directory of "greeter.pb.h".
#
# CALLS adds to each service a class whose methods give its unary calls as values, for steps of sagas: "GreeterCalls".
#
# A file that is not there, an import that is found nowhere, and an import from a library that DEPS does not name are
# errors when CMake configures.
#
# It works the same in weft's own build, below add_subdirectory(weft), and after find_package(weft).

# The functions below behave alike in projects that ask for older policies; include() keeps this to this file.
cmake_policy(VERSION 3.22)

# What is not used of a static library's objects, a linker drops function by function, as long as whoever links has
# --gc-sections: weft::base says so to everything that links weft.
function(weft_droppable_functions target)
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections)
endfunction()

function(weft_proto)
  cmake_parse_arguments(ARG "CALLS" "TARGET;MESSAGES" "PROTOS;IMPORT_DIRS;DEPS" ${ARGN})
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
  set(_weft_private_prefix)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${ARG_TARGET}.generated)
  file(MAKE_DIRECTORY ${generated})
  set(flags ${roots} ${imports})
  list(REMOVE_DUPLICATES flags)
  list(TRANSFORM flags PREPEND "--proto_path=")

  _weft_proto_names(names)
  _weft_proto_known_names(known)
  set(sources)
  foreach(proto IN LISTS ARG_PROTOS)
    _weft_proto_check_imports(${proto})
    _weft_proto_generate(${proto} sources)
  endforeach()

  add_library(${ARG_TARGET} STATIC ${sources})
  _weft_proto_code_target(${ARG_TARGET} ${sources})
  target_compile_features(${ARG_TARGET} PUBLIC cxx_std_20)
  weft_droppable_functions(${ARG_TARGET})
  set_target_properties(${ARG_TARGET} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  # SYSTEM: what protobuf generates is not clean under every warning a user may have on.
  target_include_directories(${ARG_TARGET} SYSTEM PUBLIC $<BUILD_INTERFACE:${generated}>)
  target_link_libraries(${ARG_TARGET} PUBLIC ${ARG_MESSAGES} ${ARG_DEPS} weft::rpc protobuf::libprotobuf)
  set_target_properties(${ARG_TARGET} PROPERTIES WEFT_PROTO_DIRS "${roots};${imports}"
                                                 WEFT_PROTO_NAMES "${known}"
                                                 WEFT_PROTO_FOREIGN_CODE ${foreign_code}
                                                 WEFT_GENERATED_DIR ${generated})
  foreach(name IN LISTS names)
    set_property(GLOBAL PROPERTY "WEFT_PROTO_OWNER_${name}" ${ARG_TARGET})
  endforeach()
  if(WEFT_SANITIZE AND COMMAND weft_compile_options)
    weft_compile_options(${ARG_TARGET})
  endif()
endfunction()

# roots: where the target's own files are named from. imports: the same of the targets it depends on.
macro(_weft_proto_import_dirs roots imports)
  set(${roots})
  foreach(dir IN LISTS ARG_IMPORT_DIRS)
    get_filename_component(dir ${dir} ABSOLUTE)
    if(NOT IS_DIRECTORY ${dir})
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): there is no folder ${dir}, which IMPORT_DIRS names")
    endif()
    list(APPEND ${roots} ${dir})
  endforeach()
  if(NOT ${roots})
    set(${roots} ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  set(${imports})
  foreach(dep IN LISTS ARG_MESSAGES ARG_DEPS)
    if(NOT TARGET ${dep})
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): ${dep} in DEPS or MESSAGES is not a target (yet)")
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

# Sets `names` to the names by which the files of PROTOS are imported. Each file is there, or a rule makes it.
macro(_weft_proto_names names)
  set(${names})
  foreach(proto IN LISTS ARG_PROTOS)
    get_filename_component(path ${proto} ABSOLUTE)
    get_source_file_property(is_generated ${path} GENERATED)
    if(NOT EXISTS ${path} AND NOT is_generated)
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): there is no file ${path}, which PROTOS names")
    endif()
    _weft_proto_name(${path} name)
    list(APPEND ${names} ${name})
  endforeach()
endmacro()

# Sets `known` to the names of all files whose code this target may include: its own and those of MESSAGES and DEPS.
# foreign_code: whether a library is among these, or below them, whose files weft_proto() does not know.
macro(_weft_proto_known_names known)
  set(${known} ${names})
  set(foreign_code FALSE)
  foreach(dep IN LISTS ARG_MESSAGES ARG_DEPS)
    get_target_property(dep_names ${dep} WEFT_PROTO_NAMES)
    get_target_property(dep_foreign ${dep} WEFT_PROTO_FOREIGN_CODE)
    if(dep_names)
      list(APPEND ${known} ${dep_names})
    endif()
    if(NOT dep_names OR dep_foreign)
      set(foreign_code TRUE)
    endif()
  endforeach()
  list(REMOVE_DUPLICATES ${known})
endmacro()

# Refuses an import that protoc would not find, or whose code the compiler would not find.
function(_weft_proto_check_imports proto)
  get_filename_component(proto ${proto} ABSOLUTE)
  if(NOT EXISTS ${proto})
    return()
  endif()
  _weft_proto_imports_of(${proto} wanted)
  foreach(import IN LISTS wanted)
    if(import IN_LIST known OR import MATCHES "^google/protobuf/")
      continue()
    endif()
    get_property(owner GLOBAL PROPERTY "WEFT_PROTO_OWNER_${import}")
    if(owner AND NOT foreign_code)
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): ${proto} imports \"${import}\", which ${owner} has the code of; "
                          "add `DEPS ${owner}`")
    endif()
    _weft_proto_find_import(${import} found)
    if(NOT found)
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): ${proto} imports \"${import}\", which is in none of the folders "
                          "${roots} ${imports}; add the library that has its code to DEPS, or its folder to IMPORT_DIRS")
    endif()
    if(NOT foreign_code)
      message(FATAL_ERROR "weft_proto(${ARG_TARGET}): ${proto} imports \"${import}\", whose code no library has; "
                          "add ${found} to PROTOS, or the library that has its code to DEPS")
    endif()
  endforeach()
endfunction()

# Sets `found` to the file that an import names. protoc looks among protobuf's own files by itself.
function(_weft_proto_find_import import found)
  set(${found} "" PARENT_SCOPE)
  foreach(dir IN LISTS roots imports Protobuf_INCLUDE_DIRS)
    if(EXISTS ${dir}/${import})
      set(${found} ${dir}/${import} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# Sets `wanted` to the names that a .proto file imports; what stands in comments is none.
function(_weft_proto_imports_of proto wanted)
  file(READ ${proto} text)
  string(REGEX REPLACE "/\\*([^*]|\\*+[^*/])*\\*+/" " " text "${text}")
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX MATCHALL "(^|[;}\n])[ \t\r\n]*import[ \t\r\n]+(public[ \t\r\n]+|weak[ \t\r\n]+)?[\"'][^\"';]+[\"']" statements
         "${text}")
  set(names)
  foreach(statement IN LISTS statements)
    if(statement MATCHES "[\"']([^\"']+)[\"']$")
      list(APPEND names ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set(${wanted} ${names} PARENT_SCOPE)
endfunction()

# Lets the code of a target be generated before the libraries are there that the target is linked with: CMake gives a rule
# the dependencies that all its targets have, and this one has none.
function(_weft_proto_code_target target)
  add_custom_target(${target}_code DEPENDS ${ARGN})
  add_dependencies(${target} ${target}_code)
endfunction()

# Adds the code of .proto files below the folder `root` to `target`, a library of weft's own, as a private copy: packages
# and paths begin with weft_wire, so that a program may link its own code of the same files, and the messages are those of
# protobuf's lite runtime, which registers nothing, so that several libraries with weft in them may be in one process.
# What is generated is included as "weft_wire/grpc/health/v1/health.weft.h", by `target` and its tests only.
function(weft_private_protos target root)
  find_package(Protobuf REQUIRED)
  set(_weft_private_prefix weft_wire)
  set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
  set(roots ${CMAKE_CURRENT_BINARY_DIR}/proto)
  set(flags --proto_path=${roots})
  get_filename_component(root ${root} ABSOLUTE)
  file(GLOB_RECURSE protos CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*.proto)
  set(sources)
  foreach(proto IN LISTS protos)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${root}/${proto})
    file(READ ${root}/${proto} text)
    string(REGEX REPLACE "\npackage " "\npackage ${_weft_private_prefix}." text "${text}")
    string(REGEX REPLACE "\nimport \"" "\nimport \"${_weft_private_prefix}/" text "${text}")
    set(copy ${roots}/${_weft_private_prefix}/${proto})
    file(WRITE ${copy}.new "${text}")
    file(COPY_FILE ${copy}.new ${copy} ONLY_IF_DIFFERENT)
    _weft_proto_generate(${roots}/${_weft_private_prefix}/${proto} sources)
  endforeach()
  target_sources(${target} PRIVATE ${sources})
  _weft_proto_code_target(${target} ${sources})
  weft_compile_for_size(${sources})
  target_include_directories(${target} SYSTEM PRIVATE $<BUILD_INTERFACE:${generated}>)
  set_target_properties(${target} PROPERTIES WEFT_GENERATED_DIR ${generated})
endfunction()

# Adds the rule that generates one file's code and appends the sources to the list `out`.
function(_weft_proto_generate proto out)
  get_filename_component(proto ${proto} ABSOLUTE)
  _weft_proto_name(${proto} name)
  string(REGEX REPLACE "\\.proto$" "" base ${name})
  set(stem ${generated}/${base})
  get_filename_component(dir ${stem} DIRECTORY)
  file(MAKE_DIRECTORY ${dir})
  set(code ${stem}.weft.cc ${stem}.weft.h)
  set(cpp_out)
  set(weft_opt)
  if(ARG_CALLS)
    set(weft_opt --weft_opt=calls)
  endif()
  if(_weft_private_prefix)
    list(PREPEND code ${stem}.pb.cc ${stem}.pb.h)
    set(cpp_out --cpp_out=lite:${generated} --weft_opt=private=${_weft_private_prefix})
  elseif(NOT ARG_MESSAGES)
    list(PREPEND code ${stem}.pb.cc ${stem}.pb.h)
    set(cpp_out --cpp_out=${generated})
  endif()
  # In the order of protoc's dependency file, which is the alphabet's: Ninja takes the first of each for the rule's name
  # and runs the rule again in every build when the two differ.
  add_custom_command(
    OUTPUT ${code}
    COMMAND protobuf::protoc ${flags} --plugin=protoc-gen-weft=$<TARGET_FILE:weft::protoc-gen-weft>
            ${cpp_out} ${weft_opt} --weft_out=${generated} --dependency_out=${stem}.d ${proto}
    DEPENDS ${proto} weft::protoc-gen-weft
    DEPFILE ${stem}.d
    COMMENT "Generating ${name}"
    VERBATIM)
  set_source_files_properties(${stem}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
  set_source_files_properties(${stem}.pb.cc ${stem}.weft.cc PROPERTIES SKIP_LINTING ON)
  list(FILTER code INCLUDE REGEX "\\.cc$")
  set(${out} ${${out}} ${code} PARENT_SCOPE)
endfunction()
