import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;

/**
 * Hive 3 and Tez 0.9 were written for Java 8, whose class loaders were all URLClassLoaders, and cast them. As the system's class loader
 * (-Djava.system.class.loader) this one makes that true on newer Javas. -Dhive.jars names the folder of jars.
 */
public class HiveClassLoader extends URLClassLoader {
  public HiveClassLoader(ClassLoader parent) throws MalformedURLException {
    super(jars(), parent);
  }

  private static URL[] jars() throws MalformedURLException {
    File[] files = new File(System.getProperty("hive.jars")).listFiles((folder, name) -> name.endsWith(".jar"));
    // Its own jar sorts first, so that the class it replaces is the one that is found.
    Arrays.sort(files);
    URL[] urls = new URL[files.length];
    for (int i = 0; i < files.length; i++) urls[i] = files[i].toURI().toURL();
    return urls;
  }
}
