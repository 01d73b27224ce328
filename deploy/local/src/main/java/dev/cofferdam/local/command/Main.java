package dev.cofferdam.local.command;

import dev.cofferdam.local.StateFiles;
import dev.cofferdam.local.process.StartFailedException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The program behind {@code ./cofferdam}. Exit status: 0 done, 1 failed, 2 wrong command line. */
public final class Main {
  private Main() {}

  /**
   * @param args command and its arguments
   */
  public static void main(String[] args) {
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    System.exit(run(Arrays.asList(args), out));
  }

  private static int run(List<String> args, PrintStream out) {
    String command = args.isEmpty() ? "help" : args.get(0);
    List<String> rest = args.isEmpty() ? List.of() : args.subList(1, args.size());
    Path repository =
        Path.of(System.getProperty("cofferdam.repository", ".")).toAbsolutePath().normalize();
    Path directory = Path.of(System.getProperty("cofferdam.directory", "."));
    StateFiles files =
        new StateFiles(
            Path.of(
                System.getProperty("cofferdam.state", repository.resolve(".local").toString())));
    try {
      return switch (command) {
        case "up" -> new UpCommand(repository, files, out).run(rest);
        case "down" -> new DownCommand(files, out).run(rest);
        case "status" -> new StatusCommand(files, out).run(rest);
        case "logs" -> new LogsCommand(files, out).run(rest);
        case "trace" -> new TraceCommand(files, out).run(rest);
        case "explain" -> new ExplainCommand(files, out).run(rest);
        case "verify-audit" -> new VerifyAuditCommand(repository, directory, files, out).run(rest);
        case "audit" -> new AuditCommand(files, out).run(rest);
        case "admin" -> new AdminCommand(files, directory, out).run(rest);
        case "billing" -> new BillingCommand(files, directory, out).run(rest);
        case "mig" -> new MigCommand(directory, out).run(rest);
        case "images" -> new ImagesCommand(repository, directory, files.folder(), out).run(rest);
        case "compose" -> new ComposeCommand(repository, directory, files.folder(), out).run(rest);
        case "tenancy" -> new TenancyCommand(files, directory, out).run(rest);
        case "load" -> new LoadCommand(files, directory, out).run(rest);
        case "aot" -> new AotCommand(repository, files, out).run(rest);
        case "bench" -> new BenchCommand(repository, files, out).run(rest);
        case "logits" -> ServiceProgram.logits(repository, directory).run(rest);
        case "sign-prefix" -> ServiceProgram.signPrefix(repository, directory).run(rest);
        case "help", "--help", "-h" -> Help.print(repository, out);
        default ->
            throw new UsageException("unknown command " + command + "; ./cofferdam help lists all");
      };
    } catch (UsageException e) {
      System.err.println("cofferdam: " + e.getMessage());
      return 2;
    } catch (StartFailedException e) {
      System.err.println("cofferdam: " + e.getMessage());
      return 1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } catch (Exception e) {
      System.err.println("cofferdam: " + command + " failed: " + e);
      if (System.getenv("COFFERDAM_DEBUG") != null) {
        e.printStackTrace();
      }
      return 1;
    }
  }
}
