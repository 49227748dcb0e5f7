"""The words of French street names: types, titles, people, nouns with their articles, months."""

TYPES: dict[str, float] = {
    "Rue": 60, "Avenue": 8.5, "Place": 4.5, "Impasse": 5, "Chemin": 4.5, "Allée": 4, "Boulevard": 3, "Square": 1.2,
    "Quai": 0.8, "Route": 1.3, "Cours": 0.6, "Passage": 1.2, "Sentier": 0.6, "Cité": 0.4, "Résidence": 0.6,
    "Villa": 0.4, "Esplanade": 0.3, "Promenade": 0.3, "Montée": 0.4, "Ruelle": 0.5, "Faubourg": 0.2, "Hameau": 0.3,
    "Clos": 0.4, "Rond-Point": 0.3, "Allées": 0.2, "Mail": 0.2, "Venelle": 0.2, "Voie": 0.3, "Traverse": 0.2,
    "Pont": 0.2, "Galerie": 0.1, "Lotissement": 0.2, "Parvis": 0.15, "Carrefour": 0.2, "Côte": 0.2, "Rampe": 0.1,
    "Sente": 0.15, "Chaussée": 0.2, "Cour": 0.3, "Jardin": 0.2, "Parc": 0.2, "Domaine": 0.1, "Grande Rue": 0.3,
    "Petite Rue": 0.15, "Vieux Chemin": 0.1, "Ancienne Route": 0.05, "Escalier": 0.1, "Levée": 0.05, "Rocade": 0.05,
}
"""Street types and how many of a hundred streets have each."""

TITLES: dict[str, float] = {
    "du Général": 10, "du Maréchal": 5, "du Docteur": 9, "du Président": 3, "du Capitaine": 3, "du Colonel": 3,
    "du Commandant": 3, "du Lieutenant": 2, "de l'Abbé": 4, "du Professeur": 2, "de l'Amiral": 2, "du Sergent": 1,
    "du Chanoine": 0.7, "du Pasteur": 0.6, "du Père": 1, "de l'Ingénieur": 0.4, "du Comte": 0.6, "du Duc": 0.4,
    "de la Duchesse": 0.2, "du Baron": 0.4, "du Marquis": 0.3, "de la Reine": 0.3, "du Roi": 0.3, "du Prince": 0.2,
    "de Monseigneur": 0.5, "du Cardinal": 0.4, "du Curé": 0.4, "du Caporal": 0.3, "du Lieutenant-Colonel": 0.5,
    "du Bienheureux": 0.1, "de Maître": 0.2, "de Madame": 0.2, "de Sœur": 0.2, "du Frère": 0.2, "du Soldat": 0.2,
}

LEADERS = (
    "de Gaulle", "Leclerc", "Foch", "Joffre", "Juin", "Lyautey", "Koenig", "Delestraint", "Galliéni", "Lannes", "Ney",
    "Murat", "Schweitzer", "Roux", "Calmette", "Charcot", "Laennec", "Carnot", "Kennedy", "Wilson", "Roosevelt",
    "Coty", "Pompidou", "Allende", "Mitterrand", "Grégoire", "Pierre", "Bernadotte", "Masséna", "Suffren", "Courbet",
    "de Grasse", "Bugeaud", "Faidherbe", "Mangin", "Gouraud", "Fabien",
)

FAMOUS = (
    "Victor Hugo", "Jean Jaurès", "Jean Moulin", "Pasteur", "Louis Pasteur", "Gambetta", "Léon Gambetta",
    "Jules Ferry", "Émile Zola", "Jules Verne", "Pierre Curie", "Marie Curie", "Pierre et Marie Curie", "Voltaire",
    "Molière", "Jean Mermoz", "Antoine de Saint-Exupéry", "Claude Debussy", "Maurice Ravel", "Hector Berlioz",
    "Georges Bizet", "Charles de Gaulle", "Aristide Briand", "Jean de La Fontaine", "La Fontaine",
    "Jean-Jacques Rousseau", "Diderot", "Denis Diderot", "Montaigne", "Montesquieu", "Racine", "Jean Racine",
    "Corneille", "Pierre Corneille", "Boileau", "Alphonse Daudet", "Alphonse de Lamartine", "Lamartine",
    "Alfred de Musset", "Alfred de Vigny", "Honoré de Balzac", "Guy de Maupassant", "Gustave Flaubert",
    "Marcel Proust", "Paul Verlaine", "Arthur Rimbaud", "Charles Baudelaire", "Paul Éluard", "Louis Aragon",
    "Jacques Prévert", "Albert Camus", "Marcel Pagnol", "Colette", "George Sand", "Édouard Manet", "Claude Monet",
    "Auguste Renoir", "Paul Cézanne", "Paul Gauguin", "Vincent van Gogh", "Eugène Delacroix", "Gustave Courbet",
    "Toulouse-Lautrec", "Henri Matisse", "Pablo Picasso", "Auguste Rodin", "Camille Claudel", "Berthe Morisot",
    "Jean-Baptiste Corot", "Jean-Baptiste Clément", "Louise Michel", "Olympe de Gouges", "Simone Veil", "Rosa Parks",
    "Édith Piaf", "Joséphine Baker", "Georges Brassens", "Jacques Brel", "Frédéric Chopin", "Mozart", "Beethoven",
    "Salvador Allende", "Nelson Mandela", "Martin Luther King", "Karl Marx", "Lénine", "Robespierre", "Danton",
    "Marat", "Saint-Just", "Condorcet", "La Fayette", "Lafayette", "Mirabeau", "Turgot", "Colbert", "Vauban", "Sully",
    "Richelieu", "Mazarin", "Jeanne d'Arc", "Bayard", "Du Guesclin", "Henri IV", "François Ier", "Charlemagne",
    "Vercingétorix", "Clemenceau", "Georges Clemenceau", "Raymond Poincaré", "Léon Blum", "Marcel Sembat",
    "Édouard Herriot", "Roger Salengro", "Pierre Semard", "Gabriel Péri", "Guy Môquet", "Danielle Casanova",
    "Maurice Thorez", "Jean Zay", "Pierre Mendès France", "Robert Schuman", "Jean Monnet", "Aimé Césaire",
    "Félix Éboué", "Victor Schœlcher", "Ambroise Paré", "Claude Bernard", "René Laennec", "René Descartes",
    "Descartes", "Blaise Pascal", "Pascal", "Lavoisier", "Ampère", "Arago", "Denis Papin", "Gay-Lussac", "Monge",
    "Laplace", "Lamarck", "Cuvier", "Buffon", "Parmentier", "Jacquard", "Niépce", "Daguerre", "Louis Lumière",
    "des Frères Lumière", "Gustave Eiffel", "Clément Ader", "Louis Blériot", "Roland Garros", "Hélène Boucher",
    "Maryse Bastié", "Georges Guynemer", "Guynemer", "Eugène Pottier", "Jacques Cartier", "Surcouf", "Jean Bart",
    "Duquesne", "Tourville", "Bougainville", "La Pérouse", "Dumont d'Urville", "Champollion", "Ernest Renan",
    "Jules Michelet", "Michelet", "Alexis de Tocqueville", "Auguste Comte", "Littré", "Henri Barbusse",
    "Anatole France", "Romain Rolland", "Jules Guesde", "Paul Bert", "Paul Doumer", "Sadi Carnot", "Carnot", "Thiers",
    "Mac-Mahon", "Waldeck-Rousseau", "Jean-Baptiste Lully", "Rameau", "Gounod", "Camille Saint-Saëns", "Jean Giono",
    "Frédéric Mistral", "Edmond Rostand", "Pierre Loti", "Chateaubriand", "Madame de Sévigné", "Ronsard", "Rabelais",
    "Villon", "Beaumarchais", "Marivaux", "Fénelon", "Bossuet", "Charles Péguy", "Paul Valéry",
    "Guillaume Apollinaire", "Max Jacob", "Saint-John Perse", "André Malraux", "Jean Cocteau", "Jean Vilar",
    "Gérard Philipe", "Jean Gabin", "Louis Jouvet",
)

FIRST_NAMES = (
    "Jean", "Pierre", "Paul", "Jacques", "Louis", "André", "Henri", "Georges", "Charles", "Marcel", "Albert", "Émile",
    "Jules", "Léon", "Victor", "Eugène", "Ernest", "Gustave", "Maurice", "Robert", "René", "Lucien", "Raymond",
    "Gaston", "Auguste", "Alphonse", "Édouard", "Étienne", "François", "Joseph", "Antoine", "Edmond", "Alfred",
    "Camille", "Benoît", "Jean-Marie", "Jean-Paul", "Jean-Baptiste", "Jean-Pierre", "Marie-Louise", "Jean-Claude",
    "Marie", "Jeanne", "Marguerite", "Louise", "Suzanne", "Simone", "Germaine", "Lucie", "Hélène", "Irène",
    "Élisabeth", "Thérèse", "Cécile", "Blaise", "Clément", "Félix", "Hippolyte", "Théophile", "Théodore", "Barthélemy",
    "Honoré", "Anatole", "Achille", "Adolphe", "Armand", "Aristide", "Baptiste", "Casimir", "Désiré", "Fernand",
    "Firmin", "Germain", "Hector", "Hyacinthe", "Isidore", "Léopold", "Mathurin", "Narcisse", "Octave", "Prosper",
    "Rémy", "Sébastien", "Sylvain", "Urbain", "Zéphirin", "Yves",
)

SAINTS = (
    "Michel", "Martin", "Jean", "Pierre", "Paul", "Jacques", "Nicolas", "Louis", "Joseph", "Antoine", "Laurent",
    "Étienne", "Germain", "Denis", "Honoré", "Roch", "Vincent", "Georges", "Julien", "Maurice", "Hilaire", "Rémy",
    "Éloi", "Marc", "Luc", "Sébastien", "Barthélemy", "Blaise", "Christophe", "Clair", "Cyr", "Exupéry", "Fiacre",
    "François", "Gervais", "Ferréol", "Hubert", "Léger", "Léonard", "Mathieu", "Médard", "Ouen", "Saturnin", "Sauveur",
    "Sulpice", "Thomas", "Victor", "Yves", "Aignan", "Amand", "Anne", "Claude", "Aubin", "Benoît", "Charles",
    "Eustache", "Fargeau", "Gilles", "Jérôme", "Lazare", "Mandé", "Merri", "Placide", "Simon", "Didier", "Brice",
    "Malo", "Brieuc", "Corentin", "Tugdual", "Guénolé", "Émilion",
)
SAINTS_FEMALE = (
    "Anne", "Catherine", "Barbe", "Marie", "Cécile", "Claire", "Geneviève", "Marthe", "Thérèse", "Hélène", "Lucie",
    "Foy", "Odile", "Radegonde", "Agathe", "Agnès", "Colombe", "Eulalie", "Madeleine", "Marguerite", "Opportune",
    "Croix", "Élisabeth",
)

MASCULINE = (
    "Moulin", "Château", "Pont", "Stade", "Port", "Parc", "Lavoir", "Cimetière", "Presbytère", "Bois", "Lac", "Canal",
    "Marché", "Four", "Puits", "Collège", "Lycée", "Théâtre", "Musée", "Temple", "Calvaire", "Couvent", "Prieuré",
    "Jardin", "Verger", "Pré", "Champ", "Clos", "Bourg", "Village", "Hameau", "Centre", "Commerce", "Stand", "Tertre",
    "Coteau", "Mont", "Rocher", "Ruisseau", "Gué", "Ravin", "Vallon", "Val", "Soleil", "Levant", "Couchant", "Midi",
    "Nord", "Sud", "Muguet", "Chêne", "Tilleul", "Noyer", "Cerisier", "Pommier", "Platane", "Saule", "Peuplier",
    "Frêne", "Houx", "Lierre", "Rossignol", "Merle", "Coq", "Loup", "Renard", "Cerf", "Lièvre", "Cheval", "Bœuf",
    "Héron", "Cygne", "Faisan", "Paon", "Lion", "Dauphin", "Bac", "Barrage", "Belvédère", "Bocage", "Bosquet", "Camp",
    "Carrefour", "Carrousel", "Chapitre", "Cloître", "Colombier", "Donjon", "Fort", "Fossé", "Foyer", "Golf",
    "Grenier", "Maquis", "Marais", "Mail", "Manège", "Meunier", "Monument", "Paradis", "Parlement", "Phare",
    "Pigeonnier", "Plateau", "Pressoir", "Progrès", "Quai", "Rempart", "Repos", "Sentier", "Souvenir Français",
    "Télégraphe", "Tramway", "Travail", "Viaduc", "Vignoble", "Vivier", "Volcan", "Maréchal-Ferrant", "Potager",
    "Passeur", "Berger", "Forgeron", "Sabotier", "Charron", "Tisserand", "Vieux Moulin", "Grand Pré", "Bon Pasteur",
)
FEMININE = (
    "Gare", "Mairie", "Poste", "Fontaine", "République", "Libération", "Résistance", "Paix", "Liberté", "Fraternité",
    "Victoire", "Nation", "Forêt", "Mer", "Plage", "Plaine", "Vallée", "Colline", "Montagne", "Rivière", "Source",
    "Chapelle", "Croix", "Tour", "Porte", "Halle", "Prairie", "Ferme", "Grange", "Forge", "Tuilerie", "Briqueterie",
    "Verrerie", "Fonderie", "Filature", "Papeterie", "Scierie", "Sablière", "Carrière", "Mine", "Vigne", "Garenne",
    "Lande", "Bruyère", "Roseraie", "Cerisaie", "Chênaie", "Pinède", "Futaie", "Clairière", "Marne", "Seine", "Loire",
    "Garonne", "Somme", "Meuse", "Moselle", "Charente", "Vienne", "Dordogne", "Citadelle", "Caserne", "Gendarmerie",
    "Sous-Préfecture", "Préfecture", "Bibliothèque", "Piscine", "Cathédrale", "Basilique", "Madeleine", "Trinité",
    "Visitation", "Providence", "Charité", "Concorde", "Justice", "Monnaie", "Boucherie", "Poissonnerie",
    "Boulangerie", "Corderie", "Cordonnerie", "Tannerie", "Draperie", "Mercerie", "Bergerie", "Vacherie", "Chèvre",
    "Biche", "Caille", "Perdrix", "Colombe", "Mouette", "Grive", "Pie", "Fauvette", "Mésange", "Cigale",
    "Marseillaise", "Commanderie", "Maladrerie", "Métairie", "Borderie", "Gravière", "Digue", "Jetée", "Grève",
    "Falaise", "Baie", "Butte", "Côte", "Combe", "Roche", "Grotte", "Pierre Levée", "Belle Étoile", "Croix Blanche",
    "Grande Mare", "Petite Vitesse", "Solidarité", "Fédération", "Convention", "Révolution", "Défense", "Marine",
    "Brasserie", "Distillerie", "Manufacture",
)
VOWEL = (
    "Église", "École", "Étang", "Hôpital", "Hôtel de Ville", "Horloge", "Abbaye", "Abreuvoir", "Arsenal", "Aqueduc",
    "Abattoir", "Industrie", "Égalité", "Europe", "Espérance", "Avenir", "Amitié", "Union", "Indépendance",
    "Armistice", "Armorique", "Alma", "Aurore", "Aube", "Arc-en-Ciel", "Aubépine", "Acacia", "Amandier", "Olivier",
    "Orme", "Ormeau", "Érable", "Églantier", "If", "Alouette", "Hirondelle", "Aigle", "Écluse", "Écureuil", "Enclos",
    "Ermitage", "Espace", "Étoile", "Évêché", "Île", "Isle", "Orangerie", "Oratoire", "Observatoire", "Octroi",
    "Usine", "Université", "Yser", "Yvette", "Oise", "Orne", "Isère", "Ourcq", "Ancienne Mairie", "Ancien Moulin",
    "Ancien Couvent", "Argentière", "Argile", "Artisanat", "Aviation", "Aérodrome", "Aéroport",
)
PLURALS = (
    "Tulipes", "Roses", "Lilas", "Violettes", "Primevères", "Jonquilles", "Iris", "Glycines", "Acacias", "Tilleuls",
    "Platanes", "Marronniers", "Cerisiers", "Pommiers", "Noyers", "Chênes", "Hêtres", "Bouleaux", "Sapins", "Pins",
    "Cèdres", "Cyprès", "Peupliers", "Saules", "Ormes", "Érables", "Frênes", "Charmes", "Mimosas", "Lauriers",
    "Bruyères", "Genêts", "Ajoncs", "Fougères", "Églantiers", "Aubépines", "Coquelicots", "Bleuets", "Marguerites",
    "Pâquerettes", "Myosotis", "Camélias", "Hortensias", "Dahlias", "Géraniums", "Pervenches", "Capucines",
    "Orchidées", "Alouettes", "Hirondelles", "Mésanges", "Fauvettes", "Rossignols", "Merles", "Mouettes", "Goélands",
    "Écureuils", "Champs", "Prés", "Vignes", "Jardins", "Vergers", "Moulins", "Écoles", "Sports", "Remparts", "Fossés",
    "Carmes", "Cordeliers", "Jacobins", "Ursulines", "Capucins", "Augustins", "Minimes", "Récollets", "Martyrs",
    "Déportés", "Fusillés", "Anciens Combattants", "Frères", "Sœurs", "Dames", "Bouchers", "Tanneurs", "Tisserands",
    "Forgerons", "Boulangers", "Drapiers", "Orfèvres", "Potiers", "Tonneliers", "Pêcheurs", "Marins", "Écluses",
    "Étangs", "Fontaines", "Sources", "Roches", "Carrières", "Sablons", "Bois", "Landes", "Buissons", "Haies",
    "Prairies", "Trois Frères", "Quatre Vents", "Deux Ponts", "Trois Fontaines", "Quatre Chemins", "Sept Fontaines",
    "Deux Églises", "Arts", "Droits de l'Homme", "Alliés", "Abeilles", "Abricotiers", "Amandiers", "Arènes",
    "Artisans", "Aulnes", "Grands Champs", "Petits Champs", "Vieux Chênes", "Hauts Prés", "Longues Raies", "Mûriers",
    "Oliviers", "Orangers", "Ormeaux", "Pommerets",
)

ADJECTIVES: tuple[tuple[str, str, str], ...] = (
    ("Vieux", "Vieille", "before"), ("Grand", "Grande", "before"), ("Petit", "Petite", "before"),
    ("Bon", "Bonne", "before"), ("Haut", "Haute", "before"), ("Gros", "Grosse", "before"),
    ("Nouveau", "Nouvelle", "before"), ("Beau", "Belle", "before"), ("Blanc", "Blanche", "after"),
    ("Rouge", "Rouge", "after"), ("Vert", "Verte", "after"), ("Neuf", "Neuve", "after"), ("Noir", "Noire", "after"),
    ("Rond", "Ronde", "after"), ("Royal", "Royale", "after"), ("Bleu", "Bleue", "after"),
    ("Fleuri", "Fleurie", "after"), ("Brûlé", "Brûlée", "after"), ("Perdu", "Perdue", "after"),
    ("Carré", "Carrée", "after"),
)
"""Masculine, feminine, and where they stand."""

DATES = (
    "du 8 Mai 1945", "du 11 Novembre 1918", "du 14 Juillet", "du 4 Septembre", "du 19 Mars 1962", "du 18 Juin 1940",
    "du 8 Mai", "du 11 Novembre", "du 1er Mai", "du 6 Juin 1944", "du 18 Juin", "du 25 Août 1944",
    "du 14 Juillet 1789", "du 22 Septembre", "du 4 Août 1789", "du 24 Février 1848", "du 29 Juillet", "du 10 Août",
    "du 2 Décembre 1805",
)
MONTHS = (
    "Janvier", "Février", "Mars", "Avril", "Mai", "Juin", "Juillet", "Août", "Septembre", "Octobre", "Novembre",
    "Décembre",
)

REGIONS = (
    "de Bretagne", "de Normandie", "d'Alsace", "de Lorraine", "de Bourgogne", "de Provence", "de Picardie",
    "de Savoie", "de Champagne", "d'Anjou", "du Poitou", "du Languedoc", "de Gascogne", "d'Auvergne", "du Limousin",
    "du Berry", "d'Artois", "du Maine", "de Flandre", "des Flandres", "du Dauphiné", "de Franche-Comté", "de Touraine",
    "du Roussillon", "de Guyenne", "de Belgique", "d'Italie", "d'Espagne", "d'Angleterre", "de Suisse", "de Pologne",
    "de Londres", "de Rome", "de Berlin", "de Madrid", "de Lisbonne", "de Vienne", "d'Athènes", "de Genève",
    "de Bruxelles", "de Constantinople", "de Turin", "de Milan", "du Québec", "du Canada", "d'Algérie", "du Maroc",
    "de Tunisie", "des Pyrénées", "des Alpes", "du Jura", "des Vosges", "de Corse", "de Verdun", "de Valmy",
    "d'Austerlitz", "d'Iéna", "de Wagram", "de Friedland", "de Marengo", "de Rivoli", "de Solférino", "de Magenta",
    "de Sébastopol", "de l'Alma", "d'Arcole", "de Lodi", "d'Aboukir", "de Bir-Hakeim", "de Stalingrad", "de Narvik",
    "du Luxembourg", "de Monaco", "de Venise", "de Florence", "de Naples", "de Moscou", "du Caire", "de Suez",
    "de Tanger", "d'Oran",
)

CONNECTING = frozenset(
    ("au", "aux", "de", "des", "du", "en", "et", "la", "le", "les", "lès", "près", "sous", "sur", "à"),
)
"""Words that a map prints in small letters."""

UNFIT = frozenset(
    (
        "abattoirs", "agresseurs", "aisselles", "assassins", "bourreaux", "cambrioleurs", "cochonneries",
        "concubines", "conneries", "criminelles", "crottes", "crétins", "cruelles", "derrières", "dictateurs",
        "enflures", "femelles", "fumiers", "haines", "horreurs", "injures", "intestins", "kidnappeurs", "mamelles",
        "menteurs", "meurtriers", "meurtrières", "moisissures", "nains", "ordures", "poitrines", "poubelles",
        "pourritures", "puceaux", "putains", "raclures", "saloperies", "seins", "sexuelles", "tortures", "tueries",
        "tueurs", "tumeurs", "urines", "urinoirs", "vagins", "vermines", "violes", "violeurs", "voleurs", "voyeurs",
    ),
)
"""Plural nouns of the French word list that no street is named after."""
