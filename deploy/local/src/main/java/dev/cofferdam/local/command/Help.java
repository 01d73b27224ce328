package dev.cofferdam.local.command;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.stream.Collectors;

/** What the command can do. */
final class Help {
  private static final String TEXT =
      """
      ./cofferdam <command>

        up                   build what is stale, start everything, show a first answer, stay up
             --detach          return when it serves; ./cofferdam down ends it
             --no-demo         without the first answer
             --workers N       number of workers (2)
             --set NAME:KEY=VALUE
                               a setting of a process, or of all of a service; may be repeated
             --native          from native executables where they are built
             --port NAME=N     give a port; names: rest grpc router router-http scheduler scheduler-2
                               scheduler-http worker-1 worker-1-http ... metering metering-http
                               metering-web audit audit-http audit-web console gateway-http kafka kafka-controller
                               redis postgres traces
             --port-base N     give all ports: N, N+1, ...
             --redis PATH      a Redis or Valkey program to use
        down                 end what up started
        status               what runs, where, and how much memory it holds
        logs [PROCESS] [-f]  the end of the logs; -f follows
        trace ID             the way of a request through the services, by request id or trace id
        explain ID           why a request was placed on its worker: what spoke for it and others
        verify-audit         check the audit log: signed checkpoint, inclusion of the latest records
             fetch FOLDER      copy the whole log
             log FOLDER        check a copy, without a mesh; --key KEY, --witness KEY, --remembered FILE,
                               --earlier FOLDER
             record FILE       check one record by its .tlog-proof
             prefix CHECKPOINT-FILE FOLDER
                               check that an earlier checkpoint is of a prefix of the copy
        audit erase TENANT REASON
                             destroy the keys of a tenant's audit records
        audit rotate [TENANT]
                             wrap data keys under the key-encryption key in force; --data-keys retires them
        audit report KIND TENANT FROM TO
                             soc2, gdpr-access, gdpr-erasure or hipaa, as JSON; --html as a page, --pdf as a file to be redirected
        admin AREA ACTION    change the configuration as its operator; areas and actions:
             tenants list | get ID | put ID field=value ... | delete ID
             tenants suspend ID | throttle ID SHARE | resume ID
             models, pools, rate_cards list | get ID | put ID field=value ... | delete ID
             adapters list | get TENANT/NAME | put TENANT/NAME field=value ... | delete TENANT/NAME
             rollout start TENANT/NAME FOLDER WEIGHT | weight TENANT/NAME WEIGHT
             rollout quality TENANT/NAME current|new SCORE SAMPLES
             rollout promote TENANT/NAME | rollback TENANT/NAME [REASON] | status [TENANT/NAME]
             shift to MODEL OTHER SHARE | end MODEL | status
             keys list [TENANT] | issue TENANT | rotate KEY_ID | revoke KEY_ID
             plan FILE         what a declared file (YAML) would change
             apply FILE        change it; --prune also removes what the file does not declare
             --json            for programs
             --until TIME      end of a key, such as 2030-01-31T00:00:00Z
             --overlap TIME    how long a rotated key goes on, such as 24h (0)
             --endpoint HOST:PORT --certificate FILE --key FILE --trust FILE
                               a mesh elsewhere, with an operator's certificate
        billing ACTION       invoices and costs as their operator; days are of UTC,
                               MONTH is such as 2026-03, TO is the day after the last
             draft TENANT MONTH|FROM TO       what an invoice would say now
             issue TENANT MONTH|FROM TO       make an invoice that is never changed again
             list [TENANT] | show NUMBER      --format json (default), csv or pdf
             line NUMBER LINE  the usage events that a line is made of
             costs MONTH|FROM TO              what tenants and pools cost, beside what is charged
             focus MONTH|FROM TO              charges by FOCUS 1.2; --format csv (default) or parquet
             --tenant T        of one tenant only (costs, focus)
             --json            costs for programs
             --out FILE        where a document goes
             --endpoint ...    a mesh elsewhere, as with admin
        mig plan FILE        cut GPUs into MIG instances for tenants: places, nvidia-smi commands, and the
                             GPU operator's mig-parted configuration; needs no mesh and no GPU
             --gpu KIND=COUNT  instead of the file; A100-40GB, A100-80GB, H100-80GB, H200-141GB
             --want TENANT:memory=GB,compute=SEVENTHS,count=N
             --want TENANT:profile=NAME,count=N
             --name NAME       of the configuration (cofferdam)
             --json            for programs; --commands and --mig-parted print these alone
        tenancy levels       what each isolation level enforces and costs
        tenancy render TENANT
                             Kubernetes manifests of a tenant of levels 3 to 5, from its record in the mesh
             --file DECLARED.yaml
                               from a declared file instead
             --fleet FLEET.yaml
                               what workers are made of, and the chart's release (deploy/tenancy/README.md)
             --replicas N      workers (its pinned_replicas, else 1)
             --pool POOL, --model MODEL ...
                               where its record does not say
             --endpoint ...    a mesh elsewhere, as with admin
        load SCENARIO|FILE   drive the mesh with requests that come whether or not earlier ones are answered; writes
                               report.html, report.json and histograms.hlog below .local/load
             list | show SCENARIO   the named scenarios; one of them as YAML, to be changed
             capacity [SCENARIO|FILE]
                               raise its rate until the objective breaks; says what broke and how many workers
                               a rate needs
             overhead          what each mechanism of isolation costs a request of a standard and an enterprise
                               tenant, from the mesh's own counters, beside what the field quotes; on a quiet mesh
             --rounds N --rate R
                               of phases of --for seconds each (5, 6), R requests a second of each tenant (4)
             --for S --times X --seed N --api grpc|rest --out FOLDER
                               seconds, times its rates, another draw, over one API
             --ttft-p99-ms MS --token-p99-ms MS --errors SHARE
                               the objective (1000, 100, 0.01)
             --steps N --target-rate R
                               rates to try (8) of --for seconds each (15); requests a second to plan for
             --grpc HOST:PORT --rest URL --trust FILE --tenants FILE
                               a mesh elsewhere; tenants as in tenants.json
        images [SERVICE ...] OCI images of the services, without a container engine, with bills of materials
             --base IMAGE      what is below (debian:13-slim); scratch, or a saved image (.tar)
             --to tar          archives below .local/images (--out FOLDER: there)
             --to registry --registry HOST/PATH
                               pushed there, with the credentials of Docker's configuration; --insecure for HTTP
             --tag TAG         instead of 0.1.0
        compose              settings, identities and secrets for deploy/compose/compose.yaml, which runs the images
             --out FOLDER      instead of .local/compose
        bench AREA           measure; areas: %s
             --peers           with other engines in the same run (engine only)
             --events N        events that are counted exactly once (metering only; 600000)
             --once            nothing but that (metering only)
        native [SERVICE...]  build native executables, by default of gateway, router, scheduler, metering
                             and audit; needs GraalVM or Mandrel 25 (GRAALVM_HOME), or Docker or Podman
        aot                  make an AOT cache for each service by a training run; up uses them until the
                             next build
        logits MODEL --tokens 1,2,3
                             what a model folder or .gguf file says after these tokens, as JSON
             --adapter FOLDER  with an adapter
             --executor NAME   cpu (default), cuda, or reference, in double precision
             --greedy N        and N tokens of the continuation
             --dtype NAME      how weights are kept: f32 (cpu's default), bf16 (cuda's), int8, fp8 (cuda)
             --kv NAME         how keys and values are kept: f32, bf16, fp8 (default: with the weights)
             --kernels NAME    what multiplies them: java (default), native
        native-kernels       build the worker again after a C compiler was installed, which adds
                             the native kernels
        sign-prefix MODEL SYSTEM_PROMPT.txt PRIVATE_KEY.pem PREFIXES.json
                             sign a system prompt as public: workers share its KV among all tenants
        test                 every test
        fmt                  format the code
        help                 this text

      Everything is written below .local/ (COFFERDAM_STATE names another folder).
      """;

  private Help() {}

  static int print(Path repository, PrintStream out) {
    String areas =
        BenchArea.available(repository).stream()
            .map(BenchArea::label)
            .collect(Collectors.joining(" "));
    out.printf(TEXT, areas.isEmpty() ? "(none is built yet; up builds them)" : areas);
    return 0;
  }
}
