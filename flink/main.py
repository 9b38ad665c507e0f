"""Runs a Flink SQL script on Managed Service for Apache Flink.

The script lies next to this file. Property group `sql` names it (`script`, job.sql without), `sql.vars` holds what its ${VARIABLES}
become. SET goes to the configuration, which executeSql() does not do by itself; definitions run one by one; then exactly one job is
submitted, a statement set or a single INSERT, because the service runs one job an application.
"""

import json
import os
import re
import sys

PROPERTIES = "/etc/flink/application_properties.json"
HERE = os.path.dirname(os.path.realpath(__file__))

TOKEN = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|`(?:[^`]|``)*`|;|\w+|.", re.DOTALL)
SETTING = re.compile(r"SET\s+'((?:[^']|'')+)'\s*=\s*'((?:[^']|'')*)'", re.IGNORECASE)
JOB = re.compile(r"(?:INSERT|EXECUTE\s+STATEMENT)\b", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{(\w+)\}")


class ScriptError(Exception):
    """The script, or what the application says of it, is wrong."""


def statements(script):
    """Splits at the semicolons that end statements: those outside of quotes, comments and statement sets."""
    found, words, text = [], [], []
    in_set, cases = False, 0

    def end():
        statement = "".join(text).strip()
        if statement:
            found.append(statement)
        text.clear()
        words.clear()

    for match in TOKEN.finditer(script):
        token = match.group(0)
        if token.startswith(("--", "/*")):
            text.append(" ")
            continue
        if token == ";" and not in_set:
            end()
            continue
        text.append(token)
        word = token.upper()
        if not word.isidentifier():
            continue
        words.append(word)
        if word == "CASE":
            cases += 1
        elif word == "END" and cases:
            cases -= 1
        elif word == "END":
            in_set = False
        elif words == ["EXECUTE", "STATEMENT", "SET", "BEGIN"]:
            in_set = True
    end()
    return found


def substitute(script, variables):
    """Fills in ${VARIABLES}; quotes in them are doubled, since they stand in strings."""

    def value(match):
        name = match.group(1)
        if name not in variables:
            raise ScriptError(f'The script uses ${{{name}}}, which the property group "sql.vars" does not give.')
        return variables[name].replace("'", "''")

    return VARIABLE.sub(value, script)


def property_groups(path=PROPERTIES):
    with open(path, encoding="utf-8") as file:
        return {group["PropertyGroupId"]: group["PropertyMap"] for group in json.load(file)}


def run(environment, script):
    """Runs all statements in the environment; raises ScriptError when they are not exactly one job."""
    jobs = []
    for statement in statements(script):
        setting = SETTING.fullmatch(statement)
        if setting:
            environment.get_config().set(*(part.replace("''", "'") for part in setting.groups()))
        elif JOB.match(statement):
            jobs.append(statement)
        else:
            environment.execute_sql(statement)
    if len(jobs) != 1:
        raise ScriptError(f"The script has {len(jobs)} jobs: put its INSERTs into one EXECUTE STATEMENT SET BEGIN … END.")
    environment.execute_sql(jobs[0])


def main():
    from pyflink.table import EnvironmentSettings, TableEnvironment

    groups = property_groups()
    path = os.path.join(HERE, os.path.basename(groups.get("sql", {}).get("script", "job.sql")))
    with open(path, encoding="utf-8") as file:
        script = substitute(file.read(), groups.get("sql.vars", {}))
    run(TableEnvironment.create(EnvironmentSettings.in_streaming_mode()), script)


if __name__ == "__main__":
    try:
        main()
    except ScriptError as error:
        sys.exit(str(error))
