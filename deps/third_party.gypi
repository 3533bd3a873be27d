# What all third-party libraries are built with: no warnings of theirs, no symbol visible outside the addon.
{
  'type': 'static_library',
  'product_prefix': 'lib',
  'standalone_static_library': 1,  # a whole archive in build/Release, for the core's own C++ tests as well
  'cflags': ['-w', '-pthread', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'],
  'cflags!': ['-Wall', '-Wextra', '-Wno-unused-parameter'],
  'cflags_cc': ['-std=c++20', '-fvisibility-inlines-hidden'],
  'cflags_cc!': ['-std=gnu++1y', '-std=gnu++17', '-std=gnu++20'],  # of Node's own
  'defines': ['NDEBUG'],
  'xcode_settings': {
    'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
    'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
    'MACOSX_DEPLOYMENT_TARGET': '11.0',
    'WARNING_CFLAGS': ['-w'],
  },
}
