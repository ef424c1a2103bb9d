# What stands above the first infra folders; one line a folder, lowest rank first.
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(cmark REQUIRED IMPORTED_TARGET libcmark-gfm)
ms_library(infra/config USES pg redis http LIBS tomlplusplus::tomlplusplus)
target_compile_definitions(test_config PRIVATE MINSCHOOL_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
ms_library(infra/markdown USES view LIBS PkgConfig::cmark cmark-gfm-extensions)
ms_library(infra/cache USES redis)
ms_library(infra/limit USES redis)
