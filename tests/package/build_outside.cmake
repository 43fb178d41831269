# cmake -DWAY=installed|subdirectory ... -P build_outside.cmake: see package_test.cmake.
# Beside the build directory and as deep: ccache compares paths relative to where the compiler runs.
set(work ${BUILD}-package-${WAY})
set(outside ${CMAKE_CURRENT_LIST_DIR})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "failed (${status}): ${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

# What was installed or configured before must not answer for what is there now.
file(REMOVE_RECURSE ${work})
set(options -G ${GENERATOR} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} -DCMAKE_CXX_COMPILER=${COMPILER}
            -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} "-DCMAKE_CXX_FLAGS_RELEASE=${RELEASE_FLAGS}")
if(WAY STREQUAL "installed")
  run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
  list(APPEND options -DCMAKE_PREFIX_PATH=${work}/prefix)
else()
  # The same flags as the build beside it has, so that ccache knows most of the objects.
  list(APPEND options -DWEFT_SOURCE=${SOURCE} -DWEFT_WERROR=ON -DCMAKE_C_COMPILER=${C_COMPILER}
                      -C ${work}/rooms.cmake)
  file(WRITE ${work}/rooms.cmake "set(WEFT_ROOMS \"${ROOMS}\" CACHE STRING \"\")\n")
  set(ENV{CCACHE_NOHASHDIR} 1)
endif()
run(${CMAKE_COMMAND} -S ${outside} -B ${work} ${options})
run(${CMAKE_COMMAND} --build ${work} --parallel 2 --target outside)
run(${work}/outside)
message("${output}")
file(REMOVE_RECURSE ${work})
