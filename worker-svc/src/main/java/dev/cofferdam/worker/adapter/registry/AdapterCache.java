package dev.cofferdam.worker.adapter.registry;

import java.util.Optional;

/** Files of adapters near at hand, by path and version. Thread-safe; may forget any at any time. */
public interface AdapterCache {
  /** Keeps nothing. */
  AdapterCache NONE =
      new AdapterCache() {
        @Override
        public Optional<AdapterFiles> find(AdapterPath path, String version) {
          return Optional.empty();
        }

        @Override
        public void keep(AdapterPath path, String version, AdapterFiles files) {}
      };

  /** The files as they were kept, if they still are. */
  Optional<AdapterFiles> find(AdapterPath path, String version);

  /** Keeps files of that version, if there is room. */
  void keep(AdapterPath path, String version, AdapterFiles files);
}
