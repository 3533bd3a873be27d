# ===
# How the native part is built. `npm run build` (scripts/build.js) does all of it:
#
# 1. deps/fetch.js gets the third-party sources from the npm registry, checks them, and unpacks them into deps/*/.
# 2. The libraries are compiled, each by its own file deps/<library>.gyp. This takes a few minutes, once.
# 3. `core`: our own C++ without a header of Node, in the order in which data flows through it.
# 4. `kasocki`: the core and the one part that knows Node, linked to build/Release/kasocki.node.
#
# Paths inside of flags start at the folder `build`, where make runs.
# ===
{
  'target_defaults': {
    'cflags': [
      '-Wall', '-Wextra', '-Werror', '-pthread',
      '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections',
      # A system include folder: warnings in third-party headers are not ours.
      '-isystem', '../deps/simdjson/src',
      '-isystem', '../deps/re2/re2',
      '-isystem', '../deps/re2/abseil-cpp',
      '-isystem', '../deps/librdkafka/src',
    ],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc': ['-std=c++20', '-fvisibility-inlines-hidden'],
    'cflags_cc!': ['-std=gnu++1y', '-std=gnu++17', '-std=gnu++20'],  # of Node's own
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++20',
      'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
      'MACOSX_DEPLOYMENT_TARGET': '11.0',
      'OTHER_CFLAGS': [
        '-isystem', '../deps/simdjson/src',
        '-isystem', '../deps/re2/re2',
        '-isystem', '../deps/re2/abseil-cpp',
        '-isystem', '../deps/librdkafka/src',
      ],
    },
  },
  'targets': [
    {
      'target_name': 'core',
      'type': 'static_library',
      'product_prefix': 'lib',
      'standalone_static_library': 1,
      'dependencies': [
        'deps/librdkafka.gyp:librdkafka',
        'deps/re2.gyp:libre2',
        'deps/simdjson.gyp:libsimdjson',
        'deps/zstd.gyp:libzstd',
      ],
      'export_dependent_settings': ['deps/librdkafka.gyp:librdkafka'],
      # The core is linked into programs without Node, too: it must not see Node's headers.
      'include_dirs!': [
        '<(node_root_dir)/include/node',
        '<(node_root_dir)/src',
        '<(node_root_dir)/deps/openssl/config',
        '<(node_root_dir)/deps/openssl/openssl/include',
        '<(node_root_dir)/deps/uv/include',
        '<(node_root_dir)/deps/zlib',
        '<(node_root_dir)/<(node_engine_include_dir)',
      ],
      'include_dirs': ['src'],
      'direct_dependent_settings': {'include_dirs': ['src']},
      'sources': [
        'src/common/heap.cc',
        'src/kafka/client.cc',
        'src/kafka/config.cc',
        'src/kafka/inbox.cc',
        'src/kafka/kafka_error.cc',
        'src/kafka/mock_cluster.cc',
        'src/kafka/offset_lister.cc',
        'src/kafka/producer.cc',
        'src/kafka/reader.cc',
        'src/kafka/secret_mask.cc',
        'src/record/record_chunk.cc',
        'src/json/augment.cc',
        'src/json/document.cc',
        'src/json/fault.cc',
        'src/json/fields.cc',
        'src/json/path_trie.cc',
        'src/json/scanner.cc',
        'src/json/text.cc',
        'src/json/walker.cc',
        'src/json/walker_paths.cc',
        'src/filter/char_class.cc',
        'src/filter/condition.cc',
        'src/filter/expression.cc',
        'src/filter/expression_evaluator.cc',
        'src/filter/expression_normal.cc',
        'src/filter/expression_parser.cc',
        'src/filter/filter.cc',
        'src/filter/filter_index.cc',
        'src/filter/iregexp.cc',
        'src/filter/js_regex.cc',
        'src/filter/literal_index.cc',
        'src/filter/literals.cc',
        'src/filter/number.cc',
        'src/filter/path_index.cc',
        'src/filter/pattern_cache.cc',
        'src/filter/pattern_groups.cc',
        'src/filter/pattern_reader.cc',
        'src/filter/raw_filter.cc',
        'src/filter/regex.cc',
        'src/filter/regex_set.cc',
        'src/filter/unicode_ranges.cc',
        'src/filter/wtf8.cc',
        'src/encode/frame.cc',
        'src/engine/apart.cc',
        'src/engine/bounds_resolver.cc',
        'src/engine/evaluation_plan.cc',
        'src/engine/evaluator.cc',
        'src/engine/filter_class.cc',
        'src/engine/hub.cc',
        'src/engine/js_stage.cc',
        'src/engine/partition.cc',
        'src/engine/scan.cc',
        'src/engine/session.cc',
        'src/engine/slow_lane.cc',
        'src/engine/starts.cc',
        'src/engine/subscriptions.cc',
        'src/engine/topic_directory.cc',
        'src/engine/topic_ids.cc',
        'src/engine/topic_lives.cc',
        'src/engine/watches.cc',
        'src/engine/worker.cc',
      ],
    },
    {
      'target_name': 'kasocki',
      'dependencies': ['core'],
      'cflags': ['-isystem', '../deps/node-addon-api'],
      'defines': ['NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
                  'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'sources': [
        'src/node/addon.cc',
        'src/node/batch.cc',
        'src/node/batch_cache.cc',
        'src/node/convert.cc',
        'src/node/filter_stages.cc',
        'src/node/flush_job.cc',
        'src/node/hub_object.cc',
        'src/node/matcher.cc',
        'src/node/mock.cc',
        'src/node/session_object.cc',
        'src/node/stages.cc',
      ],
      'xcode_settings': {'OTHER_CFLAGS': ['-isystem', '../deps/node-addon-api']},
      'conditions': [
        ['OS=="linux"', {
          # The version script hides what the libraries define, too (zig's linker has no --exclude-libs).
          'ldflags': ['-pthread', '-Wl,--gc-sections', '-Wl,--version-script=../deps/exports.map'],
        }],
        ['OS=="mac"', {
          'xcode_settings': {
            'OTHER_LDFLAGS': ['-Wl,-dead_strip', '-Wl,-exported_symbols_list,../deps/exports.txt'],
          },
        }],
        ['OS not in "linux mac"', {
          'sources': ['<!(echo kasocki is built on Linux and macOS only)'],
        }],
      ],
    },
  ],
}
