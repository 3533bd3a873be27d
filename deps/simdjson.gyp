# simdjson. Its kernels for several processors are all inside; the fitting one is chosen at run time.
{
  'targets': [{
    'target_name': 'libsimdjson',
    'includes': ['third_party.gypi'],
    'include_dirs': ['simdjson/src'],
    'sources': ['simdjson/src/simdjson.cpp'],
  }],
}
