// Gives CMake a target that owns the precompiled header.
