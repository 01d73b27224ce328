package dev.cofferdam.worker.app;

import dev.cofferdam.worker.execution.ExecutorChoice;
import dev.cofferdam.worker.execution.KernelChoice;
import dev.cofferdam.worker.execution.KvType;
import dev.cofferdam.worker.execution.WeightType;
import dev.cofferdam.worker.kvcache.Sealing;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

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

    /**
     * The only tenant that this process serves (isolation levels 3 and 4); grants of others are
     * refused, and routers send none. Absent: any.
     */
    Optional<String> tenant();

    /** host:port under which gateways reach it; default: where it listens. */
    Optional<String> advertisedEndpoint();

    /** Folder with a folder for each model. */
    Path modelsRoot();

    /** Folder with a folder for each adapter; either this or {@link S3#bucket}. */
    Optional<Path> adaptersRoot();

    /** Where else adapters come from, and where they are kept. */
    Adapters adapters();

    /** Model id: the name of its folder. Either this or {@link #models}. */
    Optional<String> model();

    /** Ids of several models that may be served; the first is in memory from the start. */
    Optional<List<String>> models();

    /**
     * Bytes of the models in memory, each with its weights and its {@link #kvBytes}; default: all
     * may be.
     */
    Optional<Long> modelsBytesMax();

    /** Models of {@link #models} that are in memory from the start and stay. */
    Optional<Set<String>> modelsPinned();

    /** Milliseconds that a model with work stays in memory before it makes room for another. */
    @WithDefault("5000")
    long modelsTurnMs();

    /** Milliseconds after a failed load in which requests for that model are refused. */
    @WithDefault("10000")
    long modelsRetryMs();

    /** host:port of every router. */
    List<String> routerEndpoints();

    /** host:port of the schedulers, tried in turn. */
    List<String> schedulerEndpoint();

    /**
     * What steps run on: {@code cpu}, {@code cuda} (an NVIDIA device; fails at the start where
     * there is none), or {@code auto} (a device where there is one). The same for a whole pool.
     */
    @WithDefault("cpu")
    ExecutorChoice executor();

    /** Number of the device among those that {@code CUDA_VISIBLE_DEVICES} leaves. */
    @WithDefault("0")
    int device();

    /**
     * How weights are kept: f32, bf16 or int8; on a device bf16, int8 or fp8; default: bf16 where
     * they are stored so, or on a device, else f32.
     */
    Optional<WeightType> weights();

    /**
     * How keys and values are kept: f32 or bf16; on a device bf16 or fp8; default: f32 beside
     * weights in f32, else bf16. The same for a whole pool.
     */
    Optional<KvType> kv();

    /**
     * Which kernels multiply weights: {@code java}, {@code native} (fails at the start where they
     * cannot run), or {@code auto} (native ones where they can). The same for a whole pool.
     */
    @WithDefault("java")
    KernelChoice kernels();

    /** Threads of a step, at least 1; default: the processors that the process may use. */
    Optional<Integer> threads();

    /** Bytes of KV memory, for each model in memory. */
    @WithDefault("67108864")
    long kvBytes();

    /**
     * How the KV of tenants whose tier asks for encryption is kept: {@code at-rest} (idle, cached
     * and paused blocks are encrypted) or {@code always} (every step decrypts what it reads).
     */
    @WithDefault("at-rest")
    Sealing kvEncryption();

    /**
     * Bytes for the blocks of preempted sequences of a model, encrypted, outside of the KV memory;
     * 0: they are computed anew.
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

    /** File of the (first) model's signed public prefixes; needs {@code public-prefix-key}. */
    Optional<Path> publicPrefixes();

    /**
     * PEM file of the operator's Ed25519 public key, under which public prefixes must be signed.
     */
    Optional<Path> publicPrefixKey();

    /** Adapters that may run at once. */
    @WithDefault("8")
    int adapterSlots();

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

  /** Adapters: the store that they come from, and the tiers in between. */
  interface Adapters {
    /** A bucket, instead of a folder. */
    S3 s3();

    /** Encrypted copies on this machine's disk. */
    Cache cache();

    /** Bytes of weights, in F32, that are kept in memory; up to as many again are packed ones. */
    @WithDefault("268435456")
    long memoryBytesMax();

    /** Paths of adapters whose last used version is not put out of memory, nor off the disk. */
    Optional<Set<String>> pinned();
  }

  /** A bucket of S3, or of something that speaks its protocol. */
  interface S3 {
    /** Its name; default: none is read. */
    Optional<String> bucket();

    /** What stands before an adapter's path in the keys, ending with /. */
    Optional<String> prefix();

    /** Region that requests are signed for. */
    @WithDefault("us-east-1")
    String region();

    /** URI of something that is not AWS. */
    Optional<URI> endpoint();

    /** Whether the bucket is part of the path instead of the host's name. */
    @WithDefault("false")
    boolean pathStyle();

    /** Access key; default: the credentials of the environment. */
    Optional<String> accessKeyId();

    /** Its secret. */
    Optional<String> secretAccessKey();

    /** Requests for one object, the first included. */
    @WithDefault("4")
    int attemptsMax();

    /** Longest wait between two of them. */
    @WithDefault("2000")
    long backoffMsMax();

    /** For one object, all attempts together. */
    @WithDefault("60000")
    long timeoutMs();
  }

  /** Encrypted copies of adapters on disk. */
  interface Cache {
    /** Folder, this worker's alone; default: none are kept. */
    Optional<Path> folder();

    /** Bytes of all copies. */
    @WithDefault("4294967296")
    long bytesMax();

    /**
     * File with 64 hexadecimal digits, the key; default: one of the process, and the copies end
     * with it.
     */
    Optional<Path> keyFile();
  }
}
