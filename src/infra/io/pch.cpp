// Only here so that CMake has a target that owns the precompiled header.
