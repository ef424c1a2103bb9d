# Style sheets, scripts and pictures (web/build.mjs): build/assets/, and "assets/assets.hpp" with their hashed addresses. The
# program decides itself, by content, whether there is anything to do (80 ms), so it is asked on every build.
find_program(NODE node REQUIRED)
add_custom_target(assets COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/web/build.mjs --out ${CMAKE_SOURCE_DIR}/build/assets
  BYPRODUCTS ${CMAKE_SOURCE_DIR}/build/assets/assets.hpp COMMENT "assets" VERBATIM)
add_library(ms_assets INTERFACE)
target_include_directories(ms_assets INTERFACE ${CMAKE_SOURCE_DIR}/build)
add_dependencies(ms_assets assets)
