/** What people are made of: the nations of the random user API with a few of their names and cities. Not one person is real. */

export interface Nation {
  code: string
  country: string
  cities: readonly string[]
  first: { male: readonly string[]; female: readonly string[] }
  last: readonly string[]
}

const nation = (code: string, country: string, cities: string, male: string, female: string, last: string): Nation => ({
  code,
  country,
  cities: cities.split(' '),
  first: { male: male.split(' '), female: female.split(' ') },
  last: last.split(' '),
})

export const nations: readonly Nation[] = [
  nation(
    'AU',
    'Australia',
    'Brisbane Cairns Hobart Perth',
    'Liam Noah Oscar',
    'Ruby Isla Zoe',
    'Brown Gibson Nichols Wells',
  ),
  nation(
    'BR',
    'Brazil',
    'Recife Niterói Santos Manaus',
    'João Caio Davi',
    'Inês Luísa Bruna',
    'Araújo Conceição Moraes Lima',
  ),
  nation(
    'CA',
    'Canada',
    'Halifax Regina Calgary Laval',
    'Logan Félix Owen',
    'Chloé Emma Maya',
    'Tremblay Roy Singh Campbell',
  ),
  nation(
    'CH',
    'Switzerland',
    'Zürich Genève Bern Chur',
    'Luca Reto Urs',
    'Mia Noémie Lea',
    'Müller Favre Keller Baumann',
  ),
  nation('DE', 'Germany', 'Köln Mainz Görlitz Kiel', 'Jonas Jörg Emil', 'Käthe Lina Ida', 'Schäfer Krüger Vogt Weiß'),
  nation(
    'DK',
    'Denmark',
    'Odense Aarhus Køge Ribe',
    'Søren Emil Aksel',
    'Freja Åse Liva',
    'Sørensen Møller Poulsen Lund',
  ),
  nation('ES', 'Spain', 'Málaga Bilbao León Vigo', 'Iván Hugo Álvaro', 'Lucía Nuria Alba', 'Peña Ibáñez Ruiz Vega'),
  nation(
    'FI',
    'Finland',
    'Turku Oulu Hyvinkää Espoo',
    'Eino Onni Väinö',
    'Aino Helmi Saara',
    'Mäkelä Korpi Niemi Laine',
  ),
  nation('FR', 'France', 'Nîmes Brest Nancy Évry', 'Théo Loïc Rémi', 'Anaïs Zoé Léa', 'Moreau Lefèvre Girard Noël'),
  nation(
    'GB',
    'United Kingdom',
    'Leeds Cardiff Perth Bath',
    'Harry Rhys Alfie',
    'Poppy Isla Erin',
    'Hughes Walker Patel Murray',
  ),
  nation('IE', 'Ireland', 'Cork Sligo Galway Trim', 'Seán Conor Fionn', 'Aoife Niamh Ciara', 'Byrne Doyle Walsh Burke'),
  nation('IN', 'India', 'Pune Kochi Surat Jaipur', 'Arjun Rohan Kabir', 'Ananya Diya Meera', 'Kumar Iyer Shah Rao'),
  nation('IR', 'Iran', 'Shiraz Tabriz Qom Yazd', 'آرش کیان پارسا', 'نگین هستی الینا', 'رضایی کریمی حسینی یاسمی'),
  nation(
    'MX',
    'Mexico',
    'Mérida León Oaxaca Puebla',
    'José Iker Diego',
    'Ximena Sofía Itzel',
    'Núñez Ortiz Rangel Soto',
  ),
  nation(
    'NL',
    'Netherlands',
    'Gouda Delft Zwolle Assen',
    'Daan Sem Bram',
    'Noor Fenna Lotte',
    'Visser Bakker Mulder Smit',
  ),
  nation('NO', 'Norway', 'Bergen Tromsø Bodø Moss', 'Olav Eirik Lars', 'Ingrid Tuva Ronja', 'Øien Hauge Berge Åsen'),
  nation(
    'NZ',
    'New Zealand',
    'Nelson Napier Dunedin Taupō',
    'Blake Nikau Finn',
    'Aria Mārama Willow',
    'King Ngata Clarke Li',
  ),
  nation(
    'RS',
    'Serbia',
    'Niš Subotica Užice Šabac',
    'Miloš Đorđe Luka',
    'Jovana Sanja Čarna',
    'Jović Petrović Ilić Đukić',
  ),
  nation('TR', 'Turkey', 'İzmir Muğla Şırnak Bursa', 'Efe Kuzey Çınar', 'Zeynep Defne İpek', 'Şahin Yıldız Öztürk Koç'),
  nation(
    'UA',
    'Ukraine',
    'Львів Одеса Херсон Київ',
    'Тарас Назар Остап',
    'Соломія Дарина Леся',
    'Шевчук Бойко Кравець Мороз',
  ),
  nation(
    'US',
    'United States',
    'Billings Irving Fresno Macon',
    'Brad Tyler Dwight',
    'Jennie Mia Hazel',
    'Martin Reed Lopez O’Neal',
  ),
]
