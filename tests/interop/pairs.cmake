# Every client against every server, as tests of the label "interop". What is not installed is left out.
# Debian's own Python is meant: grpcio comes with it.
find_program(INTEROP_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(NOT INTEROP_PYTHON)
  message(STATUS "interop: /usr/bin/python3 is missing, so no pair is tested")
  return()
endif()

# Certificates are made when a test runs.
find_program(INTEROP_OPENSSL openssl)
if(NOT INTEROP_OPENSSL)
  message(STATUS "interop: the openssl command is missing, so no pair is tested over TLS")
endif()

function(interop_test name)
  cmake_parse_arguments(ARG "" "SERVER" "COMMAND;ARGS" ${ARGN})
  add_test(NAME interop.${name}
           COMMAND ${INTEROP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/run_pair.py --server
                   $<TARGET_FILE:${ARG_SERVER}> ${ARG_ARGS} -- ${ARG_COMMAND})
  set_tests_properties(interop.${name} PROPERTIES TIMEOUT 300 LABELS interop)
endfunction()

# interop_pair(NAME SERVER target COMMAND client... [ARGS argument-of-run_pair...]): the tests interop.NAME, in
# plain text, and interop.NAME_tls.
function(interop_pair name)
  interop_test(${name} ${ARGN})
  if(INTEROP_OPENSSL)
    cmake_parse_arguments(ARG "" "SERVER" "COMMAND;ARGS" ${ARGN})
    interop_test(${name}_tls SERVER ${ARG_SERVER} ARGS --tls flags ${ARG_ARGS} COMMAND ${ARG_COMMAND})
    set_tests_properties(interop.${name}_tls PROPERTIES ENVIRONMENT OPENSSL=${INTEROP_OPENSSL})
  endif()
endfunction()

# A sanitizer on a busy machine is slow; the soak cases are here for the outcome, not for the time.
set(weft_client $<TARGET_FILE:weft_interop_client> --soak_iterations=30 --soak_overall_timeout_seconds=100
                --soak_per_iteration_max_acceptable_latency_ms=20000)
interop_pair(weft_client_weft_server SERVER weft_interop_server ARGS --timeout=120 COMMAND ${weft_client})
if(INTEROP_OPENSSL)
  interop_test(certificates_from_the_environment SERVER weft_interop_server
               ARGS --tls environment --case=empty_unary COMMAND ${weft_client})
  # That the name is looked at, and what is said when it is wrong.
  interop_test(wrong_server_name SERVER weft_interop_server
               ARGS --tls flags --server-name=test.example.com --case=empty_unary COMMAND ${weft_client})
  set_tests_properties(interop.wrong_server_name PROPERTIES PASS_REGULAR_EXPRESSION
                       "FAILED empty_unary: .*test.example.com.*\\*.test.google.fr")
endif()
if(TARGET grpcpp_interop_server)
  # Debian's libgrpc++ declares load reports in its headers, but has them not compiled in.
  interop_pair(weft_client_grpcpp_server SERVER grpcpp_interop_server
               ARGS --timeout=120 --skip=orca_oob --skip=orca_per_rpc
               COMMAND ${weft_client})
  # That a case can fail, and then says what differed.
  interop_test(weft_client_says_what_differs SERVER grpcpp_interop_server ARGS --case=orca_per_rpc
               COMMAND ${weft_client})
  set_tests_properties(interop.weft_client_says_what_differs PROPERTIES PASS_REGULAR_EXPRESSION
                       "FAILED orca_per_rpc: FAILED_PRECONDITION: endpoint-load-metrics-bin: expected 'cpu_utilization")
  interop_pair(grpcpp_client_weft_server SERVER weft_interop_server
               COMMAND $<TARGET_FILE:grpcpp_interop_client>)
endif()

execute_process(COMMAND ${INTEROP_PYTHON} -c "import grpc, google.protobuf"
                RESULT_VARIABLE no_grpcio OUTPUT_QUIET ERROR_QUIET)
if(no_grpcio)
  message(STATUS "interop: Python's grpcio is missing, so its pair is left out")
  return()
endif()
set(generated ${CMAKE_CURRENT_BINARY_DIR}/python.generated)
file(MAKE_DIRECTORY ${generated})
set(outputs ${proto_names})
list(TRANSFORM outputs REPLACE "(.+)" "${generated}/\\1_pb2.py")
add_custom_command(
  OUTPUT ${outputs}
  COMMAND protobuf::protoc --proto_path=${proto_dir} --python_out=${generated} ${protos}
  DEPENDS ${protos}
  COMMENT "Generating the interop messages for Python"
  VERBATIM)
add_custom_target(interop_python_protos ALL DEPENDS ${outputs})
interop_pair(grpcio_client_weft_server SERVER weft_interop_server ARGS --together --timeout=200
             COMMAND ${INTEROP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/grpcio_client.py)
set_property(TEST interop.grpcio_client_weft_server APPEND PROPERTY ENVIRONMENT "PYTHONPATH=${generated}")
if(INTEROP_OPENSSL)
  set_property(TEST interop.grpcio_client_weft_server_tls APPEND PROPERTY ENVIRONMENT "PYTHONPATH=${generated}")
endif()
