# The libraries that Debian provides, each found in this one place.
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(LIBXXHASH REQUIRED IMPORTED_TARGET libxxhash)

pkg_check_modules(LIBROCKSDB REQUIRED IMPORTED_TARGET rocksdb)

add_library(asio INTERFACE)
target_compile_definitions(asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_HAS_CO_AWAIT=1
                                          ASIO_HAS_STD_COROUTINE=1)
target_link_libraries(asio INTERFACE Threads::Threads)

add_library(tomlplusplus INTERFACE)
add_library(cli11 INTERFACE)
add_library(nlohmann_json INTERFACE)
add_library(zstd INTERFACE)
target_link_libraries(zstd INTERFACE PkgConfig::LIBZSTD)
add_library(xxhash INTERFACE)
target_link_libraries(xxhash INTERFACE PkgConfig::LIBXXHASH)
add_library(rocksdb INTERFACE)
target_link_libraries(rocksdb INTERFACE PkgConfig::LIBROCKSDB)
add_library(protobuf INTERFACE)
target_link_libraries(protobuf INTERFACE protobuf::libprotobuf)
add_library(crypto INTERFACE)
target_link_libraries(crypto INTERFACE OpenSSL::Crypto)
add_library(spdlog INTERFACE)
target_link_libraries(spdlog INTERFACE spdlog::spdlog)

# jemalloc would hide allocations from the sanitizers.
add_library(jemalloc INTERFACE)
if(NOT MERIDIAN_SANITIZE)
  pkg_check_modules(LIBJEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
  target_link_libraries(jemalloc INTERFACE PkgConfig::LIBJEMALLOC)
endif()
