# How a folder becomes a library, its *_test.cpp a test program, and its *.html C++ views.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header and ccache go together only with these (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
foreach(entry sodium=libsodium fmt=fmt spdlog=spdlog pq=libpq hiredis=hiredis archive=libarchive curl=libcurl icu=icu-i18n crypto=libcrypto
    seccomp=libseccomp
    vips=vips poppler=poppler-glib gsf=libgsf-1 expat=expat magic=libmagic zlib=zlib)
  string(REPLACE "=" ";" entry ${entry})
  list(GET entry 0 name)
  list(GET entry 1 package)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${package})
  # The precompiled header is made without -pthread, which glib's packages want and the C library does not need.
  get_target_property(options PkgConfig::${name} INTERFACE_COMPILE_OPTIONS)
  if(options)
    list(REMOVE_ITEM options -pthread)
    set_target_properties(PkgConfig::${name} PROPERTIES INTERFACE_COMPILE_OPTIONS "${options}")
  endif()
endforeach()
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(GTest REQUIRED)

option(MS_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Werror -fno-omit-frame-pointer -Xclang -fno-pch-timestamp)
add_link_options(-fuse-ld=lld-19)
if(MS_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
option(MS_TSAN "Build with ThreadSanitizer" OFF)
if(MS_TSAN)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
# Everything is then instrumented for libFuzzer, and calls tests/fuzz/work.hpp for each load from memory.
option(MS_FUZZ "Build for tests/fuzz" OFF)
if(MS_FUZZ)
  add_library(fuzz_work STATIC ${CMAKE_SOURCE_DIR}/tests/fuzz/work.cpp)
  add_compile_options(-fsanitize=fuzzer-no-link -fsanitize-coverage=trace-loads)
  link_libraries(fuzz_work)
endif()
include_directories(${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)

# Asio and Beast are compiled once here instead of in every file that uses them.
add_library(asio STATIC ${CMAKE_SOURCE_DIR}/src/infra/io/asio_library.cpp)
target_compile_definitions(asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(asio PUBLIC Boost::headers Threads::Threads)

# One precompiled header for everything that sees coroutines.
add_library(ms_pch STATIC ${CMAKE_SOURCE_DIR}/src/infra/io/pch.cpp)
target_link_libraries(ms_pch PUBLIC asio)
target_precompile_headers(ms_pch PRIVATE ${CMAKE_SOURCE_DIR}/src/infra/io/pch.hpp)

# ms_library(FOLDER [USES library...] [LIBS target...]): library ms_<last part of FOLDER> of FOLDER's *.cpp and *.html;
# its *_test.cpp become the program test_<last part>, known to ctest. Tests that need PostgreSQL or Redis find the
# private ones of script/test in MINSCHOOL_TEST_PG and MINSCHOOL_TEST_REDIS.
function(ms_library folder)
  cmake_parse_arguments(ARG "" "" "USES;LIBS" ${ARGN})
  set(dir ${CMAKE_SOURCE_DIR}/src/${folder})
  get_filename_component(name ${folder} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${dir}/*.cpp ${dir}/pages/*.cpp)
  file(GLOB views CONFIGURE_DEPENDS ${dir}/*.html ${dir}/pages/*.html)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|/main|asio_library|/pch)\\.cpp$")
  foreach(view ${views})
    file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR}/src ${view})
    set(generated ${CMAKE_BINARY_DIR}/generated/${relative}.cpp)
    set(generated_header ${CMAKE_BINARY_DIR}/generated/${relative}.hpp)
    add_custom_command(OUTPUT ${generated} ${generated_header}
      COMMAND viewc --text ${CMAKE_SOURCE_DIR}/src/text/ko.toml --root ${CMAKE_SOURCE_DIR}/src --out ${CMAKE_BINARY_DIR}/generated ${relative}
      DEPENDS viewc ${view} ${CMAKE_SOURCE_DIR}/src/text/ko.toml
      COMMENT "view ${relative}" VERBATIM)
    list(APPEND sources ${generated})
    list(APPEND headers ${generated_header})
    # All views of a folder are compiled at once: most of the time goes to headers that they share.
    set_source_files_properties(${generated} PROPERTIES UNITY_GROUP views)
  endforeach()
  if(NOT sources)
    set(sources ${CMAKE_BINARY_DIR}/generated/empty_${name}.cpp)
    file(CONFIGURE OUTPUT ${sources} CONTENT "// header-only folder\n")
  endif()
  add_library(ms_${name} STATIC ${sources} ${headers})
  set_target_properties(ms_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  list(TRANSFORM ARG_USES PREPEND ms_)
  target_link_libraries(ms_${name} PUBLIC ${ARG_USES} ${ARG_LIBS})
  if("asio" IN_LIST ARG_LIBS OR NOT name MATCHES "^(core|metrics|view|markdown|process|text|unicode)$")
    target_link_libraries(ms_${name} PUBLIC asio)
    target_precompile_headers(ms_${name} REUSE_FROM ms_pch)
  endif()
  if(tests)
    add_executable(test_${name} ${tests})
    target_link_libraries(test_${name} PRIVATE ms_${name} GTest::gmock_main)
    target_compile_definitions(test_${name} PRIVATE MINSCHOOL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND test_${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
  endif()
endfunction()

enable_testing()
