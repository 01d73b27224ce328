package dev.cofferdam.worker.app;

import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.kvcache.Sealing;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Configuration of the worker. */
@ConfigMapping(prefix = "cofferdam")
public interface WorkerConfig {
  /** Trust domain of every identity. */
  @WithDefault("cofferdam.local")
  String trustDomain();

  /** This worker's identity. */
  Tls tls();

  /** Where its gRPC server listens. */
  Listen listen();

  /** How Kafka is reached. */
  Kafka kafka();

  /** Folder for the spool of usage events; this worker's alone. */
  Path stateDir();

  /** The worker itself. */
  Worker worker();

  /** PEM files. */
  interface Tls {
    /** Certificate chain. */
    Path certificate();

    /** Private key. */
    Path key();

    /** Authorities. */
    Path trust();
  }

  /** An address. */
  interface Listen {
    /** Host. */
    @WithDefault("127.0.0.1")
    String host();

    /** Port; 0 takes a free one. */
    int port();
  }

  /** Kafka. */
  interface Kafka {
    /** Client properties, such as {@code bootstrap.servers}. */
    Map<String, String> properties();
  }

  /** The worker itself. */
  interface Worker {
    /** Unique among live workers, and the instance in the certificate's SPIFFE-ID. */
    String id();

    /** Pool that it serves. */
    @WithDefault("shared")
    String pool();

    /** Availability zone. */
    Optional<String> zone();

    /** host:port under which gateways reach it; default: where it listens. */
    Optional<String> advertisedEndpoint();

    /** Folder with a folder for each model. */
    Path modelsRoot();

    /** Folder with a folder for each adapter. */
    Path adaptersRoot();

    /** Model id: the name of its folder. */
    String model();

    /** host:port of every router. */
    List<String> routerEndpoints();

    /** host:port of the schedulers, tried in turn. */
    List<String> schedulerEndpoint();

    /**
     * How weights are kept: f32, bf16 or int8; default: bf16 where they are stored so, else f32.
     */
    Optional<WeightType> weights();

    /**
     * Which kernels multiply weights: {@code java}, {@code native} (fails at the start where they
     * cannot run), or {@code auto} (native ones where they can). The same for a whole pool.
     */
    @WithDefault("java")
    KernelChoice kernels();

    /** Threads of a step, at least 1; default: the processors that the process may use. */
    Optional<Integer> threads();

    /** Bytes of KV memory. */
    @WithDefault("67108864")
    long kvBytes();

    /**
     * How the KV of tenants whose tier asks for encryption is kept: {@code at-rest} (idle, cached
     * and paused blocks are encrypted) or {@code always} (every step decrypts what it reads).
     */
    @WithDefault("at-rest")
    Sealing kvEncryption();

    /**
     * Bytes for the blocks of preempted sequences, encrypted, outside of the KV memory; 0: they are
     * computed anew.
     */
    @WithDefault("33554432")
    long swapBytes();

    /** Tokens of a KV block, a multiple of 4. */
    @WithDefault("16")
    int blockTokens();

    /** Sequences in a step. */
    @WithDefault("32")
    int slots();

    /** Rows of a step. */
    @WithDefault("256")
    int stepTokensMax();

    /** Rows that a prompt gets before it is the next one's turn. */
    @WithDefault("32")
    int prefillChunkTokens();

    /**
     * How many times their time without it the next tokens of others may take while a long prompt
     * is computed, at least 1.
     */
    @WithDefault("1.5")
    double decodeSlowdownMax();

    /** File of the model's signed public prefixes; needs {@code public-prefix-key}. */
    Optional<Path> publicPrefixes();

    /**
     * PEM file of the operator's Ed25519 public key, under which public prefixes must be signed.
     */
    Optional<Path> publicPrefixKey();

    /** Adapters that may run at once. */
    @WithDefault("8")
    int adapterSlots();

    /** Adapters that are kept in host memory. */
    @WithDefault("32")
    int adaptersInMemoryMax();

    /** Requests at once, waiting ones included. */
    @WithDefault("128")
    int inFlightMax();

    /** Tokens that are kept for a slow reader before its sequence waits. */
    @WithDefault("256")
    int bufferTokensMax();

    /** Milliseconds that a sequence waits for its reader before it is ended. */
    @WithDefault("30000")
    long unreadMsMax();

    /** Grants that are remembered against replay. */
    @WithDefault("65536")
    int grantsRememberedMax();

    /** Bound of the spool of usage events. */
    @WithDefault("67108864")
    long spoolBytesMax();

    /** Milliseconds for running requests when the worker ends. */
    @WithDefault("5000")
    long drainMsMax();

    /** Milliseconds after which a step counts as stuck. */
    @WithDefault("30000")
    long stepMsMax();
  }
}
