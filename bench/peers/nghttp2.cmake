# The smallest server on libnghttp2, where libnghttp2-dev is installed.
find_library(NGHTTP2_LIBRARY nghttp2)
if(NOT NGHTTP2_LIBRARY)
  message(STATUS "bench: libnghttp2 is missing, so it is not measured")
  return()
endif()
bench_program(bench_nghttp2_server SOURCES peers/nghttp2_server.cc DEPS ${NGHTTP2_LIBRARY})
