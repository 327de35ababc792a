# add_module(NAME [EXCEPT file...] [PROTO file] LINKS library...)
#
# One folder, one static library: every .cc below the folder but the excepted ones. Includes are
# written from the root of the tree ("crdt/stamp.h").
function(add_module NAME)
  cmake_parse_arguments(MODULE "" "PROTO" "EXCEPT;LINKS" ${ARGN})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS RELATIVE "${CMAKE_SOURCE_DIR}" "${NAME}/*.cc")
  if(MODULE_EXCEPT)
    list(REMOVE_ITEM SOURCES ${MODULE_EXCEPT})
  endif()
  if(NOT SOURCES)
    add_library(${NAME} INTERFACE)
    return()
  endif()
  add_library(${NAME} STATIC ${SOURCES})
  target_include_directories(${NAME} PUBLIC "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${NAME} PUBLIC ${MODULE_LINKS})
  if(MODULE_PROTO)
    protobuf_generate(TARGET ${NAME} PROTOS "${CMAKE_SOURCE_DIR}/${MODULE_PROTO}"
                      IMPORT_DIRS "${CMAKE_SOURCE_DIR}"
                      PROTOC_OUT_DIR "${CMAKE_BINARY_DIR}/generated")
    target_include_directories(${NAME} SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/generated")
  endif()
endfunction()

# add_test_binary(NAME FOLDER LINKS library...): every *_test.cc of a folder of tests/ in one binary.
function(add_test_binary NAME)
  cmake_parse_arguments(TEST "" "FOLDER" "LINKS" ${ARGN})
  file(GLOB_RECURSE SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${TEST_FOLDER}/*.cc")
  if(NOT SOURCES)
    return()
  endif()
  add_executable(${NAME} ${SOURCES})
  target_compile_definitions(${NAME} PRIVATE MERIDIAN_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${NAME} PRIVATE ${TEST_LINKS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${NAME} DISCOVERY_TIMEOUT 60)
endfunction()
